"""Sign-in by an OpenID provider, in the authorization code flow with PKCE."""
