/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LIBOS_ENTRY_TRACE_H
#define LIBOS_ENTRY_TRACE_H

/* A line of its own in the trace ("signal 11", "exited with 0"); nothing when not tracing. */
void trace_note(const char *text);

#endif
