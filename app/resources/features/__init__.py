"""What the engine gives to every declared resource, one file a feature."""
