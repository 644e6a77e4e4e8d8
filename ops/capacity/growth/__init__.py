"""Growth: at a multiple of the study's load and volume, which limits are exceeded and what the stack costs."""
