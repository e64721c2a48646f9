"""The Sparkify data warehouse: JSON logs and song metadata in, a star schema out."""

__version__ = "0.1.0"
