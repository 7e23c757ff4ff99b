// Proxying
