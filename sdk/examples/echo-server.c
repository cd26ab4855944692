/* SPDX-License-Identifier: Apache-2.0 */
/* The smallest server: says back what it is told, with a number.
 *
 *     echo-server PROGRAM [ARGUMENT...]
 *
 * makes an endpoint, starts the program with its entry named "echo" in $RINGFENCE_CAPS, and serves
 * until the program ends. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <pthread.h>

#include "sdk/ringfence.h"

static s64 echo(void *context, struct rf_message *message, u32 resume, struct rf_message *reply)
{
    u64 *count = context;

    (void)resume; /* who would rather answer later keeps it, and returns RF_ANSWERED */
    memcpy(reply->room, message->data, message->data_length);
    reply->data_length = message->data_length;
    reply->words[0] = ++*count;
    return message->data_length;
}

static void *serve(void *endpoint)
{
    u64 count = 0;

    rf_serve((u32)(u64)endpoint, echo, &count);
    return NULL;
}

int main(int argc, char **argv)
{
    s64 endpoint = rf_open(NULL) == 0 ? rf_endpoint() : -1;
    s64 entry = endpoint > 0 ? rf_mint((u32)endpoint, 0) : endpoint;
    char caps[32];
    pthread_t thread;
    pid_t child;
    int status = 0;

    if (argc < 2 || entry < 0) {
        fprintf(stderr, "echo-server: %s\n", argc < 2 ? "which program?" : rf_error_text(entry));
        return 1;
    }
    snprintf(caps, sizeof(caps), "echo=%u", (u32)entry);
    setenv("RINGFENCE_CAPS", caps, 1);
    pthread_create(&thread, NULL, serve, (void *)endpoint);
    child = fork();
    if (child == 0) {
        execvp(argv[1], argv + 1);
        _exit(127);
    }
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
