"""The only ingress: load balancers, sign-in and firewall."""
