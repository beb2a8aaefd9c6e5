/* A process that no signal ends (stuck plain|detached|unattached: where its mount can be seen).
   It serves a file system (FUSE) and, dying, touches memory in a file
   of that, for which the kernel would have to ask it (CLONE_CHILD_CLEARTID, set_tid_address(2)).
   Or (stuck over FOLDER) one over a folder goes on to serve one that never answers. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int device;
static volatile int silent = 0, mute = 0;

static void reply(uint64_t unique, int error, const void *data, size_t size) {
    struct fuse_out_header head = {sizeof head + size, error, unique};
    char answer[70000];
    memcpy(answer, &head, sizeof head);
    memcpy(answer + sizeof head, data, size);
    if (write(device, answer, head.len) < 0) perror("reply");
}

static void *serve(void *unused) {
    static char request[1 << 18], zeros[8192];
    for (;;) {
        if (read(device, request, sizeof request) < 0) {
            if (errno == EINTR) continue;
            return unused;
        }
        struct fuse_in_header *in = (void *)request;
        if (mute && in->opcode != FUSE_INIT) continue;
        struct fuse_attr file = {.ino = 2, .mode = S_IFREG | 0666, .nlink = 1, .size = 8192};
        struct fuse_attr root = {.ino = 1, .mode = S_IFDIR | 0777, .nlink = 1};
        struct fuse_init_out init = {.major = 7, .minor = 31, .max_write = 16384};
        struct fuse_entry_out entry = {.nodeid = 2, .attr = file, .entry_valid = 100, .attr_valid = 100};
        struct fuse_attr_out attr = {.attr_valid = 100, .attr = in->nodeid == 1 ? root : file};
        struct fuse_open_out open = {.open_flags = FOPEN_KEEP_CACHE};
        switch (in->opcode) {
        case FUSE_INIT: reply(in->unique, 0, &init, sizeof init); break;
        case FUSE_LOOKUP: reply(in->unique, 0, &entry, sizeof entry); break;
        case FUSE_GETATTR: reply(in->unique, 0, &attr, sizeof attr); break;
        case FUSE_OPEN: reply(in->unique, 0, &open, sizeof open); break;
        case FUSE_READ: if (!silent) reply(in->unique, 0, zeros, sizeof zeros); break;
        case FUSE_FORGET: case FUSE_BATCH_FORGET: case FUSE_INTERRUPT: break;
        case FUSE_FLUSH: case FUSE_RELEASE: reply(in->unique, 0, 0, 0); break;
        default: reply(in->unique, -ENOSYS, 0, 0);
        }
    }
}

/* A mount that is in no mount namespace (fsopen(2)): FSCONFIG_SET_STRING is 1, FSCONFIG_CMD_CREATE 6. */
static int unattached(void) {
    char fd[20];
    sprintf(fd, "%d", device);
    const char *options[][2] = {{"fd", fd}, {"rootmode", "40000"}, {"user_id", "0"}, {"group_id", "0"}};
    int context = syscall(SYS_fsopen, "fuse", 0);
    for (int n = 0; n < 4; n++) syscall(SYS_fsconfig, context, 1, options[n][0], options[n][1], 0);
    syscall(SYS_fsconfig, context, 6, 0, 0, 0);
    return syscall(SYS_fsmount, context, 0, 0);
}

int main(int count, char **arguments) {
    char options[100], mode = count > 1 ? *arguments[1] : 0;
    int folder = -1;
    pthread_t server;
    device = open("/dev/fuse", O_RDWR);
    sprintf(options, "fd=%d,rootmode=40000,user_id=0,group_id=0", device);
    if (mode == 'o') {
        if (mount("stuck", arguments[2], "fuse", 0, options)) return perror("mount"), 1;
        if (fork()) return sleep(1), 0;
        setsid();
        mute = 1;
        for (int n = 0; n < 3; n++) freopen("/dev/null", "r+", n ? n == 1 ? stdout : stderr : stdin);
        return serve(0) != 0;
    }
    if (mode == 'u') folder = unattached();
    else if (!mount("stuck", "/mnt", "fuse", 0, options)) folder = open("/mnt", O_PATH);
    if (device < 0 || folder < 0) return perror("mount"), 1;
    pthread_create(&server, 0, serve, 0);
    int file = openat(folder, "file", O_RDWR);
    char *memory = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
    if (file < 0 || memory == MAP_FAILED) return perror("map"), 1;
    if (mode == 'd' && umount2("/mnt", MNT_DETACH)) return perror("umount2"), 1;
    silent = 1;
    syscall(SYS_set_tid_address, memory + 4096);
    puts("armed");
    fflush(stdout);
    for (;;) pause();
}
