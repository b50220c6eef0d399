"""The platform: the level of those who keep the installation."""
