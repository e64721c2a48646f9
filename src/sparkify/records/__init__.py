"""Records of JSON objects: where they begin and end, which key fills which column, how objects are packed."""
