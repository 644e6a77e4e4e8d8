"""Pure decisions that settings, components and commands share: names, subnets, ACLs, the week, policy documents."""
