// AdminSocket
