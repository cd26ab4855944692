/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "kernel/report.h"

u32 standard_closed;

const struct command commands[] = {
    {"run", "run [OPTION...] [--] PROGRAM [ARG...]", "run a program in a new cell", NULL,
     run_options, cmd_run},
    {"doctor", "doctor", "tell what the host offers for cells and what it lacks", NULL, NULL,
     cmd_doctor},
    {"world", "world [OPTION...] [DIR]", "run a world that stays, in that directory", NULL,
     world_options, cmd_world},
    {"ps", "ps [OPTION...]", "list the cells of a world", NULL, ps_options, cmd_ps},
    {"top", "top [OPTION...]", "show the cells of a world live", NULL, top_options, cmd_top},
    {"exec", "exec [OPTION...] CELL [--] PROGRAM [ARG...]", "run a further program in a cell", NULL,
     client_options, cmd_exec},
    {"logs", "logs [OPTION...] CELL", "show what a cell in the background wrote", NULL,
     logs_options, cmd_logs},
    {"attach", "attach [OPTION...] CELL", "be the console of a cell in the background",
     "Ctrl-P Ctrl-Q leaves it.\n", client_options, cmd_attach},
    {"stat", "stat [OPTION...] [CELL]", "show what a cell or the world uses", NULL, ps_options,
     cmd_stat},
    {"caps", "caps [OPTION...] CELL", "show what a cell can reach, and through whom", NULL,
     caps_options, cmd_caps},
    {"revoke", "revoke [OPTION...] CELL SLOT", "take a capability away from a cell", NULL,
     client_options, cmd_revoke},
    {"pause", "pause [OPTION...] CELL", "stop a cell and all below it until it is resumed", NULL,
     client_options, cmd_pause},
    {"resume", "resume [OPTION...] CELL", "let a paused cell go on", NULL, client_options,
     cmd_resume},
    {"checkpoint", "checkpoint [OPTION...]", "make all of a world durable now", NULL,
     checkpoint_options, cmd_checkpoint},
    {"hibernate", "hibernate [OPTION...] CELL", "give a cell's memory back until it is needed",
     NULL, client_options, cmd_hibernate},
    {"fork", "fork [OPTION...] CELL", "make running copies of a cell, all of one instant",
     "Prints the name of each. They have the cell's capabilities, and consoles of their own.\n",
     fork_options, cmd_fork},
    {"freeze", "freeze [OPTION...] CELL -o FILE", "write a cell as it is now to a file", NULL,
     freeze_options, cmd_freeze},
    {"thaw", "thaw [OPTION...] FILE", "have a frozen cell go on, in any world, as a new one",
     "The system's directories are granted again, and what is granted here in place of what it "
     "had.\n",
     thaw_options, cmd_thaw},
    {"key", "key FILE", "make a key to which cells can be frozen; prints its public part", NULL,
     key_options, cmd_key},
    {"kill", "kill [OPTION...] CELL [SIGNAL]", "end a cell and all below it, or send it a signal",
     NULL, client_options, cmd_kill},
    {"wait", "wait [OPTION...] CELL", "wait for a cell's end; its status", NULL, client_options,
     cmd_wait},
    {"stop", "stop [OPTION...]", "stop a world; its cells go on when it is started again", NULL,
     stop_options, cmd_stop},
    {"fsck", "fsck [OPTION...] [DIR]", "verify a stored world that does not run; change nothing",
     "Status 0: all good; 1: something is damaged, lost or wrong, a line for each.\n", fsck_options,
     cmd_fsck},
    {"scrub", "scrub [OPTION...] [DIR]", "mend a stored world that does not run from its copies",
     "Status 0: every page has all its copies; 1: pages are lost, a line for each.\n",
     scrub_options, cmd_scrub},
    {"help", "help [COMMAND]", "tell how a command is used", NULL, NULL, cmd_help},
};
const u32 command_count = ARRAY_SIZE(commands);

const struct command *command_find(const char *name)
{
    for (u32 i = 0; i < command_count; i++) {
        if (!strcmp(commands[i].name, name))
            return &commands[i];
    }
    return NULL;
}

/* Descriptors 0 to 2 are always something, so that no file of ours becomes somebody's stdout. */
static void occupy_standard_descriptors(void)
{
    int fd;

    do {
        fd = open("/dev/null", O_RDWR);
        if (fd >= 0 && fd <= 2)
            standard_closed |= 1u << fd;
    } while (fd >= 0 && fd <= 2);
    if (fd > 2)
        close(fd);
}

int main(int argc, char **argv)
{
    const struct command *command;

    occupy_standard_descriptors();
    if (argc < 2) {
        fail("what shall I do? For example: ringfence run bash; see: ringfence help");
    } else if (!strcmp(argv[1], "--version")) {
        printf("ringfence %s\n", RF_VERSION);
        return 0;
    } else if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
        command_print_overview();
        return 0;
    }
    command = command_find(argv[1]);
    if (!command)
        fail("no command \"%s\"; see: ringfence help", argv[1]);
    return command->run(argc - 1, argv + 1);
}
