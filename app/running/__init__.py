"""What runs the product: the web server's settings, the supervisor of `make run`, the mail catcher, the scheduler."""
