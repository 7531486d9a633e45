mod ahead;
