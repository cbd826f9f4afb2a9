/* A version of the protocol that the network has decided on and this program
 * does not speak: said loudly, again and again, until somebody installs it. */
#ifndef BCAI_NODE_UPGRADE_H
#define BCAI_NODE_UPGRADE_H

struct node;

/* After each durable block. */
void upgrade_remind(struct node *n);

#endif
