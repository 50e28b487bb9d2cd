"""The bundled plugins. None imports another."""
