/* SPDX-License-Identifier: Apache-2.0 */
/* What a cell sees when the user names no --root: the host's programs and libraries, the few files
 * of /etc that programs need and that tell nothing of the host's users and secrets, and RAM. */
#include <dirent.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/grants.h"
#include "kernel/report.h"

#define READ_ONLY  (RF_RIGHT_READ | RF_RIGHT_EXEC)
#define READ_WRITE (RF_RIGHT_READ | RF_RIGHT_WRITE | RF_RIGHT_EXEC)

static const char *const host_dirs[] = {"/usr",   "/bin",   "/sbin",   "/lib",
                                        "/lib32", "/lib64", "/libx32", "/opt"};

/* Names in /etc; a star stands for any end. */
static const char *const etc_names[] = {
    "alternatives",
    "bash.bashrc",
    "ca-certificates",
    "ca-certificates.conf",
    "crypto-policies",
    "debian_version",
    "fonts",
    "gai.conf",
    "groff",
    "host.conf",
    "inputrc",
    "java-*",
    "john",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "locale.alias",
    "locale.conf",
    "localtime",
    "lsb-release",
    "magic",
    "magic.mime",
    "mailcap",
    "manpath.config",
    "mime.types",
    "nanorc",
    "networks",
    "os-release",
    "papersize",
    "perl",
    "pki",
    "profile",
    "protocols",
    "python3*",
    "rpc",
    "services",
    "shells",
    "terminfo",
    "timezone",
    "vim",
    "xattr.conf",
};

/* Of /etc/ssl only what is public: its private/ is not. */
static const char *const ssl_names[] = {"certs", "openssl.cnf", "cert.pem"};

static char *join(const char *dir, const char *name)
{
    char *path;

    if (asprintf(&path, "%s/%s", dir, name) < 0)
        fail("no memory");
    return path;
}

/* Grants dir/name read-only, whatever it is; links stay links. */
static void show(struct launch *config, const char *dir, const char *name)
{
    struct mount_config mount = {.rights = READ_ONLY, .path = join(dir, name)};
    char target[PATH_MAX];
    struct stat st;
    ssize_t n;

    if (lstat(mount.path, &st) < 0)
        return;
    if (S_ISLNK(st.st_mode)) {
        n = readlink(mount.path, target, sizeof(target) - 1);
        if (n <= 0)
            return;
        target[n] = 0;
        mount.kind = RF_MOUNT_SYMLINK;
        mount.text = strdup(target);
        mount.text_length = (size_t)n;
    } else if (S_ISDIR(st.st_mode)) {
        mount.kind = RF_MOUNT_DIR;
        mount.host = mount.path;
    } else if (S_ISREG(st.st_mode)) {
        mount.kind = RF_MOUNT_FILE;
        mount.host = dir;
        mount.name = strdup(name);
    } else {
        return;
    }
    grant_add(config, mount);
}

/* Whether name is listed, or begins as one that is listed with a star at its end. */
static bool matches(const char *name)
{
    for (u32 i = 0; i < ARRAY_SIZE(etc_names); i++) {
        size_t n = strcspn(etc_names[i], "*");

        if (!strncmp(etc_names[i], name, n) && (etc_names[i][n] || !name[n]))
            return true;
    }
    return false;
}

static void show_etc(struct launch *config)
{
    DIR *dir = opendir("/etc");
    const struct dirent *entry;

    if (!dir)
        return;
    while ((entry = readdir(dir))) {
        if (matches(entry->d_name))
            show(config, "/etc", entry->d_name);
    }
    closedir(dir);
    for (u32 i = 0; i < ARRAY_SIZE(ssl_names); i++)
        show(config, "/etc/ssl", ssl_names[i]);
}

static void add_text(struct launch *config, const char *path, char *text)
{
    if (!text)
        fail("no memory");
    grant_add(config, (struct mount_config){.kind = RF_MOUNT_TEXT,
                                            .path = path,
                                            .text = text,
                                            .text_length = strlen(text),
                                            .rights = READ_WRITE,
                                            .mode = 0644});
}

static void add_ram(struct launch *config, const char *path, u32 mode)
{
    grant_add(config, (struct mount_config){
                          .kind = RF_MOUNT_RAM, .path = path, .rights = READ_WRITE, .mode = mode});
}

static char *print(const char *format, ...) __attribute__((format(printf, 1, 2)));
static char *print(const char *format, ...)
{
    va_list args;
    char *text;
    int n;

    va_start(args, format);
    n = vasprintf(&text, format, args);
    va_end(args);
    return n < 0 ? NULL : text;
}

static void synthetic_files(struct launch *config)
{
    const char *user = config->user_name;
    bool root = config->uid == 0;

    char *own = root ? ""
                     : print("%s:x:%u:%u:%s:/home/%s:/bin/sh\n", user, config->uid, config->gid,
                             user, user);

    add_text(config, "/etc/passwd",
             print("root:x:0:0:root:/root:/bin/sh\n%s"
                   "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
                   own));
    add_text(config, "/etc/group",
             print("root:x:0:\ntty:x:5:\n%snogroup:x:65534:\n",
                   config->gid == 0 || config->gid == 5
                       ? ""
                       : print("%s:x:%u:\n", root ? "users" : user, config->gid)));
    add_text(config, "/etc/hosts",
             print("127.0.0.1 localhost %s\n::1 localhost ip6-localhost ip6-loopback\n",
                   config->hostname));
    add_text(config, "/etc/hostname", print("%s\n", config->hostname));
    add_text(config, "/etc/resolv.conf", print("nameserver 127.0.0.1\n"));
    add_text(config, "/etc/nsswitch.conf",
             print("passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n"
                   "networks: files\nprotocols: files\nservices: files\n"));
}

void grant_default_view(struct launch *config)
{
    for (u32 i = 0; i < ARRAY_SIZE(host_dirs); i++)
        show(config, "", host_dirs[i] + 1);
    show_etc(config);
    synthetic_files(config);
    add_ram(config, "/tmp", 01777);
    add_ram(config, "/root", 0700);
    add_ram(config, "/home", 0755);
    add_ram(config, "/var", 0755);
    add_ram(config, "/var/tmp", 01777);
    add_ram(config, "/run", 0755);
    if (config->uid)
        add_ram(config, join("/home", config->user_name), 0755);
}
