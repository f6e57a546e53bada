"""What leaves the box: the messages of a camera, its picture, and commands that come back."""
