"""What the Dataset screen is put together from: listing, editing, preparing and the panes around them."""
