/* SPDX-License-Identifier: Apache-2.0 */
/* Offers what is encrypted in the directory that it wraps: dir-encrypt [--passphrase] FILE, a file
 * with a key, or with a passphrase in its first line. An empty directory it makes an encrypted one.
 * What is stored, and what that keeps from whom, is told in encrypt/README.md. */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sdk/examples/encrypt/tree.h"
#include "sdk/serve/directory.h"

static struct encrypted_tree tree = {.next = &rf_directory_ops};

static void fail(const char *what)
{
    fprintf(stderr, "dir-encrypt: %s\n", what);
    exit(1);
}

static size_t read_secret(const char *name, bool is_passphrase, u8 *secret, size_t room)
{
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, secret, room);
    u8 *end = n > 0 && is_passphrase ? memchr(secret, '\n', (size_t)n) : NULL;

    if (fd >= 0)
        close(fd);
    if (n <= 0)
        fail("the key cannot be read");
    return end ? (size_t)(end - secret) : (size_t)n;
}

static void count(void *list, const char *name, u64 inode, u8 type)
{
    (void)name;
    (void)inode;
    (void)type;
    ++*(u32 *)list;
}

/* The proof's file, locked for writing as long as this program runs. */
static int open_proof(int directory)
{
    struct flock lock = {.l_type = F_WRLCK};
    int fd = openat(directory, PROOF_NAME, O_RDWR | O_CLOEXEC);
    u32 names = 0;

    tree.writable = true;
    if (fd < 0 && errno == EROFS) {
        tree.writable = false;
        return openat(directory, PROOF_NAME, O_RDONLY | O_CLOEXEC);
    }
    if (fd < 0 && errno == ENOENT) {
        if (tree.next->names(tree.tree, "", count, &names) || names)
            fail("the directory is not empty, and is not encrypted");
        fd = openat(directory, PROOF_NAME, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    }
    if (fd >= 0 && fcntl(fd, F_SETLK, &lock) < 0)
        fail("another program serves the directory");
    return fd;
}

static void make_keys(int directory, const u8 *secret, size_t length, bool is_passphrase)
{
    u8 proof[PROOF_SIZE];
    int fd = open_proof(directory);
    ssize_t n = fd < 0 ? -1 : pread(fd, proof, sizeof(proof), 0);

    if (n == 0 && tree.writable) {
        proof_begin(proof);
        if (!keys_make(&tree.keys, secret, length, is_passphrase, proof))
            fail("the key is empty");
        proof_finish(proof, &tree.keys);
        if (pwrite(fd, proof, sizeof(proof), 0) != sizeof(proof) || fsync(fd) < 0)
            fail("the directory cannot be written");
        return;
    }
    if (n != sizeof(proof))
        fail("the directory is not encrypted, or damaged");
    if (!keys_make(&tree.keys, secret, length, is_passphrase, proof))
        fail("the key is empty");
    if (!proof_is_right(proof, &tree.keys))
        fail("the key is another one's, or the directory is damaged");
}

int main(int argc, char **argv)
{
    bool is_passphrase = argc == 3 && strcmp(argv[1], "--passphrase") == 0;
    u8 secret[4096];
    size_t length;
    int directory;

    if (argc != 2 && !is_passphrase) {
        fprintf(stderr, "usage: dir-encrypt [--passphrase] FILE\n");
        return 1;
    }
    if (sodium_init() < 0 || rf_open(NULL) < 0)
        fail("nobody can be offered anything");
    umask(0); /* the modes that come are meant */
    directory = rf_target_directory();
    tree.tree = directory < 0 ? NULL : rf_directory(directory);
    if (!tree.tree)
        fail("there is no directory to wrap");
    length = read_secret(argv[argc - 1], is_passphrase, secret, sizeof(secret));
    make_keys(directory, secret, length, is_passphrase);
    sodium_memzero(secret, sizeof(secret));
    return rf_serve_offered(
        rf_serve_tree(&encrypted_ops, &tree,
                      RF_RIGHT_READ | RF_RIGHT_EXEC | (tree.writable ? RF_RIGHT_WRITE : 0)),
        "dir-encrypt");
}
