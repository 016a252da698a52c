"""What the documentation may name though the tree or the program does not have it, each with its reason. An entry that
nothing needs is an error, so that the table stays short."""

ALLOWED = {}

# Named already, and on their way into the tree. An entry that is there is only told, not an error; take it out then.
PENDING = {
    "plugins/services/NAME": "the services",
}
