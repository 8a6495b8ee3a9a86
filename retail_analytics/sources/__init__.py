"""What may arrive: files of text, mappings that put them into our words, contracts that check them."""
