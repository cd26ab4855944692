/* SPDX-License-Identifier: Apache-2.0 */
/* The ends of the three kinds of System V objects, and of a process that used them. */
#ifndef LIBOS_IPC_KINDS_H
#define LIBOS_IPC_KINDS_H

struct ipc_object;
struct process;

void shm_destroy(struct ipc_object *o);
void sem_destroy(struct ipc_object *o);
void msg_destroy(struct ipc_object *o);

/* Carries out the SEM_UNDO adjustments of a process that ends. */
void sem_process_end(struct process *p);

#endif
