"""Notices that leave the house: to systems outside, to phones and to devices; one log, one way of trying again."""

from app.core.notifications.outside.devices import forget
from app.core.notifications.outside.models import Delivery, Device, Hook, Stage, Way
from app.core.notifications.outside.sending import owe_hook, owe_push, owe_sms

__all__ = ["Delivery", "Device", "Hook", "Stage", "Way", "forget", "owe_hook", "owe_push", "owe_sms"]
