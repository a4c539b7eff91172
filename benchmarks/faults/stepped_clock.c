/* The wall clock as Python sees it, so many seconds off: preloaded into every process of a search.

   Only what the interpreter asks for is off. Native libraries wait for absolute times of the wall clock, which only
   the kernel could let step with it. The file that STEPPED_CLOCK names holds the seconds, as a long. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

typedef int (*gettime)(clockid_t, struct timespec *);

static volatile long *seconds;
static gettime ask;

__attribute__((constructor)) static void begin(void) {
    const char *name = getenv("STEPPED_CLOCK");
    int file = name == NULL ? -1 : open(name, O_RDONLY | O_CLOEXEC);
    if (file < 0) return;
    void *memory = mmap(NULL, sizeof(long), PROT_READ, MAP_SHARED, file, 0);
    close(file);
    if (memory != MAP_FAILED) seconds = memory;
}

static int is_python(void *caller) {
    Dl_info found;
    if (!dladdr(caller, &found) || found.dli_fname == NULL) return 0;
    const char *slash = strrchr(found.dli_fname, '/');
    const char *name = slash == NULL ? found.dli_fname : slash + 1;
    return strncmp(name, "python", 6) == 0 || strncmp(name, "libpython", 9) == 0;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    if (ask == NULL) ask = (gettime)dlsym(RTLD_NEXT, "clock_gettime");
    int status = ask(clock, now);
    if (status == 0 && clock == CLOCK_REALTIME && seconds != NULL && is_python(__builtin_return_address(0)))
        now->tv_sec += *seconds;
    return status;
}
