"""The databases that can hold the warehouse: `engine.py` says what each must do, a folder each does it."""
