/* SPDX-License-Identifier: Apache-2.0 */
/* How a wrapper is started and says what it offers. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sdk/ringfence.h"

#define OFFER 1000 /* the operation of "offer" */

s64 rf_offer(u32 slot)
{
    s64 offer = rf_named("offer");
    struct rf_message message = RF_MESSAGE;

    if (offer < 0)
        return offer;
    message.caps[0] = slot;
    message.cap_count = 1;
    return rf_invoke((u32)offer, OFFER, &message);
}

static pid_t start(char *const argv[], u32 target, u32 offer)
{
    char caps[64];
    pid_t pid = fork();

    if (pid != 0)
        return pid;
    snprintf(caps, sizeof(caps), target ? "offer=%u,target=%u" : "offer=%u", offer, target);
    setenv("RINGFENCE_CAPS", caps, 1);
    execvp(argv[0], argv);
    _exit(127);
}

struct ended {
    pid_t pid;
    u32 endpoint;
};

/* Ends the waiting for an offer with the process that should have made it. */
static void *watch(void *argument)
{
    struct ended *ended = argument;
    siginfo_t info;

    if (waitid(P_PID, (id_t)ended->pid, &info, WEXITED | WNOWAIT) == 0)
        rf_stop_serving(ended->endpoint);
    return NULL;
}

static s64 take_offer(u32 endpoint)
{
    struct rf_message message = RF_MESSAGE;
    s64 resume;

    do {
        resume = rf_invoke(endpoint, RF_OP_ENDPOINT_RECEIVE, &message);
    } while (resume == -EINTR);
    if (resume < 0)
        return -ECHILD;
    rf_reply((u32)resume, 0, NULL);
    return message.cap_count ? (s64)message.caps[0] : -ECHILD;
}

s64 rf_wrap(char *const argv[], u32 target, int *pid)
{
    s64 endpoint = rf_endpoint(), entry = endpoint < 0 ? endpoint : rf_mint((u32)endpoint, 0);
    struct ended ended = {.endpoint = (u32)endpoint};
    pthread_t thread;
    s64 offered;

    if (entry < 0)
        return entry;
    ended.pid = start(argv, target, (u32)entry);
    if (ended.pid < 0)
        return -errno;
    if (pid)
        *pid = ended.pid;
    pthread_create(&thread, NULL, watch, &ended);
    offered = take_offer((u32)endpoint);
    pthread_cancel(thread);
    pthread_join(thread, NULL);
    rf_stop_serving((u32)endpoint);
    rf_drop((u32)endpoint);
    rf_drop((u32)entry);
    return offered;
}
