/* SPDX-License-Identifier: Apache-2.0 */
/* System V shared memory, semaphores and message queues. */
#include "check.h"

#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

union semun {
    int val;
    struct semid_ds *buf;
    unsigned short *array;
};

CASE(shm)
{
    int id = OK(shmget(IPC_PRIVATE, 10000, IPC_CREAT | 0600));
    int *p = shmat(id, NULL, 0);
    CHECK((long)p != -1);
    EQ(p[0], 0);
    JOIN(CHILD(p[0] = 7)); /* inherited */
    EQ(p[0], 7);
    int *q = shmat(id, NULL, 0);
    CHECK(q != p);
    EQ(q[0], 7);
    struct shmid_ds ds;
    OK(shmctl(id, IPC_STAT, &ds));
    EQ(ds.shm_segsz, 10000);
    EQ(ds.shm_nattch, 2);
    EQ(ds.shm_cpid, getpid());
    OK(shmdt(q));
    ERR(shmdt(q), EINVAL);
    OK(shmctl(id, IPC_STAT, &ds));
    EQ(ds.shm_nattch, 1);
    OK(shmctl(id, IPC_RMID, NULL));
    p[1] = 8; /* gone only after the last detach */
    OK(shmdt(p));
    EQ((long)shmat(id, NULL, 0), -1);
    EQ(errno, EINVAL);
}

CASE(shm_keys)
{
    key_t key = 0x5246 + getppid();
    int id = OK(shmget(key, 4096, IPC_CREAT | IPC_EXCL | 0600));
    EQ(shmget(key, 4096, 0600), id);
    EQ(shmget(key, 0, 0), id);
    ERR(shmget(key, 4096, IPC_CREAT | IPC_EXCL | 0600), EEXIST);
    ERR(shmget(key, 8192, 0600), EINVAL);
    OK(shmctl(id, IPC_RMID, NULL));
    ERR(shmget(key, 4096, 0600), ENOENT);
    ERR(shmctl(id, IPC_STAT, &(struct shmid_ds){0}), EINVAL);
    ERR(shmget(IPC_PRIVATE, 0, IPC_CREAT | 0600), EINVAL);
}

CASE(shm_read_only)
{
    int id = OK(shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600));
    int *p = shmat(id, NULL, SHM_RDONLY);
    CHECK((long)p != -1);
    JOIN_SIGNAL(CHILD(*(volatile int *)p = 1), SIGSEGV);
    OK(shmctl(id, IPC_RMID, NULL));
}

CASE(sem)
{
    int id = OK(semget(IPC_PRIVATE, 3, IPC_CREAT | 0600));
    unsigned short values[3] = {5, 0, 1}, got[3];
    OK(semctl(id, 0, SETALL, (union semun){.array = values}));
    OK(semctl(id, 0, GETALL, (union semun){.array = got}));
    EQ(got[0] + got[1] * 10 + got[2] * 100, 105);
    OK(semctl(id, 1, SETVAL, (union semun){.val = 4}));
    EQ(semctl(id, 1, GETVAL), 4);
    EQ(semctl(id, 1, GETPID), getpid());
    struct sembuf both[] = {{0, -5, 0}, {1, -5, IPC_NOWAIT}};
    ERR(semop(id, both, 2), EAGAIN); /* all or nothing */
    EQ(semctl(id, 0, GETVAL), 5);
    both[1].sem_op = -4;
    OK(semop(id, both, 2));
    EQ(semctl(id, 0, GETVAL) + semctl(id, 1, GETVAL), 0);
    ERR(semctl(id, 3, GETVAL), EINVAL);
    struct sembuf wrong = {9, 1, 0};
    ERR(semop(id, &wrong, 1), EFBIG);
    ERR(semop(id, BAD_POINTER, 1), EFAULT);
    OK(semctl(id, 0, IPC_RMID));
    ERR(semop(id, both, 1), EINVAL);
}

CASE(sem_waits)
{
    int id = OK(semget(IPC_PRIVATE, 1, IPC_CREAT | 0600));
    struct sembuf take = {0, -1, 0}, give = {0, 1, 0}, zero = {0, 0, 0};
    pid_t child = CHILD(OK(semop(id, &take, 1)));
    UNTIL(is_sleeping(child));
    EQ(semctl(id, 0, GETNCNT), 1);
    OK(semop(id, &give, 1));
    JOIN(child);
    OK(semop(id, &give, 1));
    child = CHILD(OK(semop(id, &zero, 1)));
    UNTIL(is_sleeping(child));
    EQ(semctl(id, 0, GETZCNT), 1);
    OK(semop(id, &take, 1));
    JOIN(child);
    struct timespec t = {0, 20000000};
    ERR(semtimedop(id, &take, 1, &t), EAGAIN);
    child = CHILD(ERR(semop(id, &take, 1), EIDRM));
    UNTIL(is_sleeping(child));
    OK(semctl(id, 0, IPC_RMID));
    JOIN(child);
}

CASE(sem_undo)
{
    int id = OK(semget(IPC_PRIVATE, 1, IPC_CREAT | 0600));
    OK(semctl(id, 0, SETVAL, (union semun){.val = 2}));
    struct sembuf take = {0, -1, SEM_UNDO};
    JOIN(CHILD(OK(semop(id, &take, 1)); EQ(semctl(id, 0, GETVAL), 1)));
    EQ(semctl(id, 0, GETVAL), 2);
    OK(semctl(id, 0, IPC_RMID));
}

struct message {
    long type;
    char text[64];
};

CASE(msg)
{
    struct message m = {1, "first"};
    int id = OK(msgget(IPC_PRIVATE, IPC_CREAT | 0600));
    OK(msgsnd(id, &m, 6, 0));
    m = (struct message){3, "third"};
    OK(msgsnd(id, &m, 6, 0));
    m = (struct message){2, "second"};
    OK(msgsnd(id, &m, 7, 0));
    EQ(msgrcv(id, &m, 64, 2, 0), 7);
    STR(m.text, "second");
    EQ(msgrcv(id, &m, 64, -5, 0), 6); /* the lowest type */
    EQ(m.type, 1);
    ERR(msgrcv(id, &m, 3, 0, 0), E2BIG);
    EQ(msgrcv(id, &m, 3, 0, MSG_NOERROR), 3);
    ERR(msgrcv(id, &m, 64, 0, IPC_NOWAIT), ENOMSG);
    struct msqid_ds ds;
    OK(msgctl(id, IPC_STAT, &ds));
    EQ(ds.msg_qnum, 0);
    m.type = 0;
    ERR(msgsnd(id, &m, 1, 0), EINVAL);
    pid_t child = CHILD(EQ(msgrcv(id, &m, 64, 9, 0), 2));
    UNTIL(is_sleeping(child));
    m.type = 9;
    OK(msgsnd(id, &m, 2, 0));
    JOIN(child);
    child = CHILD(ERR(msgrcv(id, &m, 64, 0, 0), EIDRM));
    UNTIL(is_sleeping(child));
    OK(msgctl(id, IPC_RMID, NULL));
    JOIN(child);
    ERR(msgsnd(id, &m, 1, 0), EINVAL);
}
