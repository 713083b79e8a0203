#define _GNU_SOURCE
#include "faults.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "chainbox_sdf.h"

enum { LINES_MAX = 16, LINE_BYTES_MAX = 128, PATH_BYTES_MAX = 4096 };

struct fault {
    char line[LINE_BYTES_MAX];
    char function[48];
    char what[16];
    unsigned long argument;
    unsigned long times;
};

/* How often the lines that have a number of times have happened. */
static struct { char line[LINE_BYTES_MAX]; unsigned long count; } happened[64];
static size_t happened_len;
static pthread_mutex_t happened_lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_ulong age;
static atomic_bool is_gone;

static void path_of(const char *name, char path[PATH_BYTES_MAX])
{
    Dl_info info;
    if (!dladdr((void *)(size_t)&fault_enter, &info))
        abort();
    snprintf(path, PATH_BYTES_MAX, "%s.d/%s", info.dli_fname, name);
}

static size_t read_faults(struct fault faults[LINES_MAX])
{
    char path[PATH_BYTES_MAX];
    path_of("faults", path);
    FILE *file = fopen(path, "re");
    size_t len = 0;
    if (file == NULL)
        return 0;
    while (len < LINES_MAX && fgets(faults[len].line, LINE_BYTES_MAX, file) != NULL) {
        struct fault *fault = &faults[len];
        char argument[32] = "", times[32] = "";
        if (sscanf(fault->line, "%47s %15s %31s %31s", fault->function, fault->what, argument, times) < 2)
            continue;
        fault->argument = strtoul(argument, NULL, 0);
        fault->times = strtoul(times, NULL, 0);
        len++;
    }
    fclose(file);
    return len;
}

static bool is_about(const struct fault *fault, const char *function)
{
    return strcmp(fault->function, "*") == 0 || strcmp(fault->function, function) == 0;
}

/* Whether a line that has a number of times still happens. */
static bool happens(const struct fault *fault)
{
    if (fault->times == 0)
        return true;
    pthread_mutex_lock(&happened_lock);
    size_t at = 0;
    while (at < happened_len && strcmp(happened[at].line, fault->line) != 0)
        at++;
    bool does = at < sizeof happened / sizeof happened[0];
    if (does && at == happened_len) {
        snprintf(happened[at].line, LINE_BYTES_MAX, "%s", fault->line);
        happened[at].count = 0;
        happened_len++;
    }
    does = does && happened[at].count++ < fault->times;
    pthread_mutex_unlock(&happened_lock);
    return does;
}

bool fault_says(const char *function, const char *what, unsigned long *argument)
{
    struct fault faults[LINES_MAX];
    size_t len = read_faults(faults);
    for (size_t i = 0; i < len; i++) {
        if (is_about(&faults[i], function) && strcmp(faults[i].what, what) == 0 && happens(&faults[i])) {
            if (argument != NULL)
                *argument = faults[i].argument;
            return true;
        }
    }
    return false;
}

unsigned long fault_age(void)
{
    unsigned long unseen = 0;
    (void)fault_says("*", "age", &unseen);
    return atomic_load(&age) + unseen;
}

static void say(const char *function, const char *what)
{
    char path[PATH_BYTES_MAX], line[128];
    path_of("calls", path);
    int len = snprintf(line, sizeof line, "%s %ld %s\n", function, syscall(SYS_gettid), what);
    int file = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    /* A call that hung may come back after its test is over and the folder gone. */
    if (file < 0)
        return;
    if (write(file, line, (size_t)len) != len)
        abort();
    close(file);
}

static void pause_ms(unsigned long ms)
{
    struct timespec time = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000};
    nanosleep(&time, NULL);
}

bool fault_enter(const char *function, int *code)
{
    unsigned long argument = 0;
    say(function, "enters");
    if (fault_says(function, "gone", NULL)) {
        if (!atomic_exchange(&is_gone, true))
            atomic_fetch_add(&age, 1);
        *code = strcmp(function, "OpenDevice") == 0 ? SDR_OPENDEVICE : SDR_COMMFAIL;
        return false;
    }
    atomic_store(&is_gone, false);
    if (fault_says(function, "crash", NULL)) {
        volatile int *volatile nowhere = NULL;
        *nowhere = 0;
    }
    while (fault_says(function, "hang", NULL))
        pause_ms(2);
    if (fault_says(function, "slow", &argument))
        pause_ms(argument);
    if (fault_says(function, "silent", NULL)) {
        *code = SDR_OK;
        return false;
    }
    if (fault_says(function, "code", &argument)) {
        *code = (int)argument;
        return false;
    }
    return true;
}

int fault_leave(const char *function, int code)
{
    char text[16];
    snprintf(text, sizeof text, "%#x", (unsigned int)code);
    say(function, text);
    return code;
}
