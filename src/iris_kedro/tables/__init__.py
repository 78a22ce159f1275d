"""Tables as their specification describes them: read, validated and split."""
