"""What is only true in a real browser: journeys by keyboard, accessibility, shapes of the screen, contact sheets."""
