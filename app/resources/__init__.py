"""The engine: turns a declared resource into screens, endpoints and the one door."""
