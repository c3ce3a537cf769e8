"""The rules of the house as tests. They read the source; the product's behaviour is elsewhere."""
