/*
 * What the fixture is told to do, and what it tells.
 *
 * Beside the library LIB stands a folder LIB.d. Its file `faults` is read at every call; each line is
 *
 *     FUNCTION WHAT [ARGUMENT] [TIMES]
 *
 * FUNCTION without "SDF_", or * for all. TIMES: how often it happens as long as the line stands unchanged; 0 or nothing: always. WHAT:
 *
 *     code N      answers N (as C writes numbers) and does nothing
 *     hang        answers nothing as long as a line with `hang` for this function stands
 *     crash       ends the process by a signal
 *     slow N      takes N ms
 *     silent      answers success and writes nothing
 *     narrow      lays structures out as with ECCref_MAX_BITS 256
 *     left        has values at the left of their 64 bytes
 *     bits N      says that the key has N bits
 *     off         gives a key that is not on the curve
 *     wrong       signs with another key
 *     overrun     writes beyond the structure
 *     only N      knows no number of an algorithm but N
 *     most N      opens no more than N
 *     gone        there is no device: handles that were open are void when it returns
 *     age N       N times more the device went and returned and nobody saw it (with the function *)
 *
 * Every call appends a line `FUNCTION THREAD CODE` to the file `calls`, and `FUNCTION THREAD enters` before it.
 */
#ifndef FAULTS_H
#define FAULTS_H

#include <stdbool.h>

/* A call begins. True where it is to do its work, and false where `code` is the answer. */
bool fault_enter(const char *function, int *code);

/* A call ends. Gives the code back. */
int fault_leave(const char *function, int code);

/* Whether a line for this function says so, and its argument. */
bool fault_says(const char *function, const char *what, unsigned long *argument);

/* How often the device went. Handles of an earlier time are void. */
unsigned long fault_age(void);

#endif
