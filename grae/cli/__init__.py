"""The commands: one file a verb, which parses, calls the library and prints. The library never imports this room."""
