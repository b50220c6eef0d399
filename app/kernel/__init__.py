"""The kernel: contracts and machinery that know no business."""
