"""What the predictions and labels of a service say of its model: without effects."""
