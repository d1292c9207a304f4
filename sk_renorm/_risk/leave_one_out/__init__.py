"""Every row for the model fitted to the others: in memory, by block, on a device."""
