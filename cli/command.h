/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of `ringfence`, and the options of a command. */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include "base/types.h"

struct command {
    const char *name;
    const char *usage;                 /* after "ringfence " */
    const char *summary;               /* one line */
    const char *help;                  /* paragraphs after the options; may be NULL */
    const struct option_row *options;  /* ends with a row without a name; NULL: none */
    int (*run)(int argc, char **argv); /* argv[0] is the command's name; the exit status */
};

extern const struct command commands[];
extern const u32 command_count;

/* Bit n: descriptor n of 0 to 2 was closed when we were started. */
extern u32 standard_closed;

int cmd_run(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_help(int argc, char **argv);
int cmd_world(int argc, char **argv);
int cmd_top(int argc, char **argv);
int cmd_logs(int argc, char **argv);
int cmd_attach(int argc, char **argv);
int cmd_ps(int argc, char **argv);
int cmd_checkpoint(int argc, char **argv);
int cmd_hibernate(int argc, char **argv);
int cmd_fork(int argc, char **argv);
int cmd_freeze(int argc, char **argv);
int cmd_thaw(int argc, char **argv);
int cmd_key(int argc, char **argv);
int cmd_kill(int argc, char **argv);
int cmd_pause(int argc, char **argv);
int cmd_resume(int argc, char **argv);
int cmd_wait(int argc, char **argv);
int cmd_stat(int argc, char **argv);
int cmd_caps(int argc, char **argv);
int cmd_revoke(int argc, char **argv);
int cmd_exec(int argc, char **argv);
int cmd_stop(int argc, char **argv);
int cmd_fsck(int argc, char **argv);
int cmd_scrub(int argc, char **argv);

const struct command *command_find(const char *name);

/* Starts a world in the background, which ends when its last client leaves: 0 when clients can
 * connect; else the status to exit with, the reason having been told. */
int world_start(const char *path);

/* Prints the help of one command, or of all, on stdout. */
void command_print_help(const struct command *command);
void command_print_overview(void);

enum option_value { VALUE_NONE, VALUE_NEEDED, VALUE_OPTIONAL };

/* One option: `--name VALUE`, `--name=VALUE`, `--name`, `--name[=VALUE]`. */
struct option_row {
    const char *name; /* without the dashes */
    enum option_value value;
    const char *metavar;
    const char *help;                              /* NULL: not shown */
    void (*take)(void *target, const char *value); /* value: NULL when there is none */
    char letter;                                   /* of the short form, or 0 */
};

extern const struct option_row run_options[];
extern const struct option_row world_options[];
extern const struct option_row client_options[];
extern const struct option_row logs_options[];
extern const struct option_row ps_options[];
extern const struct option_row top_options[];
extern const struct option_row caps_options[], checkpoint_options[], fork_options[], stop_options[];
extern const struct option_row freeze_options[], thaw_options[], key_options[];
extern const struct option_row fsck_options[];
extern const struct option_row scrub_options[];

/* Reads options up to the first argument that is none, or "--". Bad ones end the program with a
 * line that says what to do. The index of the first argument that is no option. */
int options_parse(const struct command *command, int argc, char **argv, void *target);

/* Reads options wherever they stand and at most `most` other arguments into `found`; fewer than
 * `least` are refused. How many were found. */
int arguments_parse(const struct command *command, int argc, char **argv, void *target,
                    const char *found[], int most, int least);

/* Like fail(), with the command's help named. */
_Noreturn void usage_error(const struct command *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
