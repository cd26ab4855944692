/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel says to the user: one line on stderr, after "ringfence: ". */
#ifndef KERNEL_REPORT_H
#define KERNEL_REPORT_H

#define STATUS_OWN_FAILURE    125
#define STATUS_NOT_EXECUTABLE 126
#define STATUS_NOT_FOUND      127

void report(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Reports and exits with STATUS_OWN_FAILURE. Exit handlers run, so a terminal is put back. */
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* As fail, and appends ": " and the text of error number `error`. */
_Noreturn void fail_errno(int error, const char *format, ...) __attribute__((format(printf, 2, 3)));

struct cell;

/* As report, with the cell's name before it where there are more than one. */
void report_of(struct cell *cell, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Shows text that a cell supplied: control characters become '?', one line, at most 1,000 bytes. */
void report_foreign(struct cell *cell, const char *before, const char *text, unsigned long length);

/* Runs once before the next line is shown; for putting a terminal back. NULL: nothing. */
void report_prepare(void (*prepare)(void));

#endif
