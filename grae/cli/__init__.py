"""The commands: one file per verb, which parses, calls the library and prints. The library never imports them."""
