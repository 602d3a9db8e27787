package bus

// Permissions are what the documentation says that the bus's user needs.
const Permissions = permissions
