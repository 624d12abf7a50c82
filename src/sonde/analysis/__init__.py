"""What people and programs are shown of a sweep; the command line and the server say it alike."""
