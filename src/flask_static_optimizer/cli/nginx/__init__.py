"""What nginx needs to serve an app's static files exactly as the app would."""
