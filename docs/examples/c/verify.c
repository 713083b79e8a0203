/*
 * Verifies SM2 signatures, an item a line: key, message and signature in hex, between spaces.
 *
 *     cc -std=c11 -o verify verify.c $(pkg-config --cflags --libs chainbox)
 *     ./verify ../items.txt                                 in process
 *     ./verify ../items.txt unix:/run/chainbox/chainbox.sock    by a server
 *
 * Exit status: 0 where all are valid, 1 where some are not, 2 where there are no verdicts.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <chainbox.h>

enum { LINE_CHARS_MAX = 1 << 16 };

/* A column that grows: the bytes of all strings without gaps, and the length of each. */
struct strings {
    uint8_t *data;
    uint32_t *lengths;
    size_t bytes;
    size_t count;
};

static void fail(const char *what, const char *detail)
{
    fprintf(stderr, "verify: %s: %s\n", what, detail);
    exit(2);
}

/* Appends a string that is given in hex. */
static void push(struct strings *strings, const char *hex)
{
    size_t length = strlen(hex) / 2;
    strings->data = realloc(strings->data, strings->bytes + length + 1);
    strings->lengths = realloc(strings->lengths, (strings->count + 1) * sizeof *strings->lengths);
    if (strings->data == NULL || strings->lengths == NULL)
        fail("no memory", "for the items");
    for (size_t i = 0; i < length; i++) {
        unsigned byte;
        if (sscanf(hex + 2 * i, "%2x", &byte) != 1)
            fail("no hex", hex);
        strings->data[strings->bytes++] = (uint8_t)byte;
    }
    strings->lengths[strings->count++] = (uint32_t)length;
}

static chainbox_column column(const struct strings *strings)
{
    chainbox_column column = {strings->data, strings->bytes, strings->lengths, 0};
    return column;
}

int main(int argc, char **argv)
{
    if (argc < 2)
        fail("usage", "verify ITEMS [ADDRESS]");
    FILE *file = fopen(argv[1], "r");
    if (file == NULL)
        fail("cannot read", argv[1]);
    static char line[LINE_CHARS_MAX];
    struct strings keys = {0}, messages = {0}, signatures = {0};
    while (fgets(line, sizeof line, file) != NULL) {
        char *key = strtok(line, " \n"), *message = strtok(NULL, " \n"), *signature = strtok(NULL, " \n");
        if (key == NULL || key[0] == '#')
            continue;
        if (signature == NULL)
            fail("not three parts", key);
        push(&keys, key);
        push(&messages, message);
        push(&signatures, signature);
    }
    fclose(file);

    chainbox_options options = {.size = sizeof options, .address = argc > 2 ? argv[2] : NULL};
    chainbox_t *handle;
    chainbox_error error;
    if (chainbox_open(&options, &handle, &error) != CHAINBOX_STATUS_OK)
        fail("cannot open", error.message);

    chainbox_verify_request request = {
        .size = sizeof request,
        .items = keys.count,
        .scheme = CHAINBOX_SCHEME_SM2_SM3,
        .input = CHAINBOX_INPUT_MESSAGE,
        .encoding = CHAINBOX_ENCODING_RAW,
        .keys = column(&keys),
        .inputs = column(&messages),
        .signatures = column(&signatures),
    };
    uint8_t all_valid, *verdicts = calloc(keys.count + 1, 1);
    if (verdicts == NULL)
        fail("no memory", "for the verdicts");
    if (chainbox_verify(handle, &request, verdicts, keys.count, &all_valid, &error) != CHAINBOX_STATUS_OK)
        fail(chainbox_error_text(error.status), error.message);
    for (size_t i = 0; i < keys.count; i++)
        printf("%zu %s\n", i + 1, chainbox_verdict_text(verdicts[i]));
    chainbox_close(handle);
    return all_valid ? 0 : 1;
}
