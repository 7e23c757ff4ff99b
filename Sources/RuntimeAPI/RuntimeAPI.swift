// RuntimeAPI
