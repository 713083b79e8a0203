/*
 * Loads a PKCS#11 module as programs do and lists its tokens, a line each: the label, without the blanks behind it.
 *
 *     cc -std=c11 -o load_pkcs11 load_pkcs11.c -ldl
 *     ./load_pkcs11 /usr/lib/x86_64-linux-gnu/pkcs11/libchainbox_pkcs11.so
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS_MAX = 16, LABEL_BYTES = 32, TOKEN_INFO_BYTES_MAX = 1024 };

/* The beginning of CK_FUNCTION_LIST (PKCS#11 2.40, 3.6), as far as it is used. */
struct functions {
    unsigned char version[2];
    unsigned long (*initialize)(void *arguments);
    unsigned long (*finalize)(void *reserved);
    unsigned long (*get_info)(void *info);
    unsigned long (*get_function_list)(struct functions **functions);
    unsigned long (*get_slot_list)(unsigned char token_present, unsigned long *slots, unsigned long *count);
    unsigned long (*get_slot_info)(unsigned long slot, void *info);
    unsigned long (*get_token_info)(unsigned long slot, void *info);
};

static void check(unsigned long code, const char *function)
{
    if (code != 0) {
        fprintf(stderr, "load_pkcs11: %s answers 0x%lx\n", function, code);
        exit(1);
    }
}

int main(int argc, char **argv)
{
    void *module = argc == 2 ? dlopen(argv[1], RTLD_NOW) : NULL;
    void *address = module != NULL ? dlsym(module, "C_GetFunctionList") : NULL;
    if (address == NULL) {
        fprintf(stderr, "load_pkcs11: %s\n", argc == 2 ? dlerror() : "name a module");
        return 2;
    }
    unsigned long (*get_function_list)(struct functions **);
    memcpy(&get_function_list, &address, sizeof address);
    struct functions *functions;
    check(get_function_list(&functions), "C_GetFunctionList");
    check(functions->initialize(NULL), "C_Initialize");
    unsigned long slots[SLOTS_MAX], count = SLOTS_MAX;
    check(functions->get_slot_list(1, slots, &count), "C_GetSlotList");
    for (unsigned long i = 0; i < count; i++) {
        /* The label comes first in CK_TOKEN_INFO. */
        char info[TOKEN_INFO_BYTES_MAX];
        check(functions->get_token_info(slots[i], info), "C_GetTokenInfo");
        int length = LABEL_BYTES;
        while (length > 0 && info[length - 1] == ' ')
            length--;
        printf("%.*s\n", length, info);
    }
    check(functions->finalize(NULL), "C_Finalize");
    return 0;
}
