"""What `loadtest/compare` is made of, each module telling its part."""
