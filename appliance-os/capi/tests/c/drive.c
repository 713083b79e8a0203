/*
 * Does what standard input asks for through the C interface and prints what came of it, so that a test in another language can compare.
 *
 *     drive [address=ADDRESS] [ca=FILE] [certificate=FILE] [key=FILE] [deadline_ms=NUMBER]     in process without an address
 *
 * Standard input, tokens between white space, bytes in hex and a dash for none:
 *
 *     request = verify scheme input encoding low_s items column{5}    keys, inputs, signatures, ids, hints
 *             | hints  scheme input encoding low_s items column{5}    verify and find hints
 *             | recover input low_s items column{3}                   inputs, signatures, hints
 *             | digest hash items column
 *     column  = absent | width number data | lengths data number{items}
 *
 * Standard output, a line each: the status, then for status 0 what the call wrote, else when to try again and the message.
 */

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <chainbox.h>

enum { COLUMNS_MAX = 5, POISON = 0xA5 };

static void fail(const char *what)
{
    fprintf(stderr, "drive: %s\n", what);
    exit(EXIT_FAILURE);
}

/* Room that holds something else than zeros before it is used. Of no bytes there is none: NULL. */
static void *room(size_t bytes)
{
    if (bytes == 0)
        return NULL;
    void *room = malloc(bytes);
    if (room == NULL)
        fail("no memory");
    return memset(room, POISON, bytes);
}

/* The next token, in a buffer that the next call uses again; NULL at the end. */
static const char *token(void)
{
    static char *text;
    static size_t capacity;
    size_t len = 0;
    int c = getchar();
    while (c == ' ' || c == '\n')
        c = getchar();
    if (c == EOF)
        return NULL;
    for (; c != EOF && c != ' ' && c != '\n'; c = getchar()) {
        if (len + 2 > capacity) {
            capacity = 2 * capacity + 64;
            text = realloc(text, capacity);
            if (text == NULL)
                fail("no memory");
        }
        text[len++] = (char)c;
    }
    text[len] = '\0';
    return text;
}

static const char *word(void)
{
    const char *text = token();
    if (text == NULL)
        fail("the input is cut short");
    return text;
}

static size_t number(void)
{
    return (size_t)strtoumax(word(), NULL, 10);
}

static unsigned digit(char c)
{
    const char *digits = "0123456789abcdef", *at = strchr(digits, c);
    if (at == NULL || *at == '\0')
        fail("no hex");
    return (unsigned)(at - digits);
}

static uint8_t *bytes(size_t *len)
{
    const char *text = word();
    *len = strcmp(text, "-") == 0 ? 0 : strlen(text) / 2;
    uint8_t *data = room(*len);
    for (size_t i = 0; i < *len; i++)
        data[i] = (uint8_t)(digit(text[2 * i]) << 4 | digit(text[2 * i + 1]));
    return data;
}

static chainbox_column column(size_t items)
{
    chainbox_column column = {NULL, 0, NULL, 0};
    const char *kind = word();
    if (strcmp(kind, "width") == 0) {
        column.width = number();
        column.data = bytes(&column.data_len);
    } else if (strcmp(kind, "lengths") == 0) {
        column.data = bytes(&column.data_len);
        /* Lengths of no strings are lengths all the same. */
        uint32_t *lengths = room((items + 1) * sizeof *lengths);
        for (size_t i = 0; i < items; i++)
            lengths[i] = (uint32_t)number();
        column.lengths = lengths;
    } else if (strcmp(kind, "absent") != 0) {
        fail("no column");
    }
    return column;
}

static void column_free(const chainbox_column *column)
{
    free((void *)column->data);
    free((void *)column->lengths);
}

static void print_bytes(const uint8_t *data, size_t len)
{
    putchar(' ');
    if (len == 0)
        putchar('-');
    for (size_t i = 0; i < len; i++)
        printf("%02x", data[i]);
}

/* What a call that failed leaves behind. */
static void check_zeros(const void *data, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (((const uint8_t *)data)[i] != 0)
            fail("an output of a call that failed is not zero");
}

/* The status, and when to try again and the message where it is not OK. */
static int is_ok(chainbox_status status, const chainbox_error *error)
{
    if (status != error->status || (status == CHAINBOX_STATUS_OK) != (error->message[0] == '\0'))
        fail("the error does not say what the call returned");
    printf("%d", (int)status);
    if (status != CHAINBOX_STATUS_OK)
        printf(" %" PRIu32 " %s: %s", error->retry_after_ms, chainbox_error_text(status), error->message);
    return status == CHAINBOX_STATUS_OK;
}

static void verify(const chainbox_t *handle, int with_hints)
{
    chainbox_verify_request request = {.size = sizeof request};
    request.scheme = (int32_t)number();
    request.input = (int32_t)number();
    request.encoding = (int32_t)number();
    request.low_s = (int32_t)number();
    request.items = number();
    chainbox_column *columns[] = {&request.keys, &request.inputs, &request.signatures, &request.ids, &request.hints};
    for (size_t i = 0; i < COLUMNS_MAX; i++)
        *columns[i] = column(request.items);

    uint8_t all_valid = POISON;
    uint8_t *verdicts = room(request.items);
    chainbox_hints hints = {
        .data = room(request.items * CHAINBOX_HINT_BYTES),
        .data_capacity = request.items * CHAINBOX_HINT_BYTES,
        .lengths = room(request.items * sizeof *hints.lengths),
        .lengths_capacity = request.items,
        .data_len = POISON,
    };
    chainbox_error error;
    chainbox_status status =
        with_hints ? chainbox_verify_hints(handle, &request, verdicts, request.items, &all_valid, &hints, &error)
                   : chainbox_verify(handle, &request, verdicts, request.items, &all_valid, &error);
    if (is_ok(status, &error)) {
        printf(" %u", (unsigned)all_valid);
        print_bytes(verdicts, request.items);
        if (with_hints) {
            print_bytes(hints.data, hints.data_len);
            for (size_t i = 0; i < request.items; i++)
                printf(" %" PRIu32, hints.lengths[i]);
        }
    } else {
        check_zeros(&all_valid, 1);
        check_zeros(verdicts, request.items);
        if (with_hints) {
            check_zeros(&hints.data_len, sizeof hints.data_len);
            check_zeros(hints.data, hints.data_capacity);
            check_zeros(hints.lengths, hints.lengths_capacity * sizeof *hints.lengths);
        }
    }
    for (size_t i = 0; i < COLUMNS_MAX; i++)
        column_free(columns[i]);
    free(verdicts);
    free(hints.data);
    free(hints.lengths);
}

static void recover(const chainbox_t *handle)
{
    chainbox_recover_request request = {.size = sizeof request};
    request.input = (int32_t)number();
    request.low_s = (int32_t)number();
    request.items = number();
    request.inputs = column(request.items);
    request.signatures = column(request.items);
    request.hints = column(request.items);

    uint8_t all_valid = POISON;
    size_t keys_len = request.items * CHAINBOX_KEY_BYTES;
    uint8_t *verdicts = room(request.items), *keys = room(keys_len);
    chainbox_error error;
    if (is_ok(chainbox_recover(handle, &request, verdicts, request.items, keys, keys_len, &all_valid, &error), &error)) {
        printf(" %u", (unsigned)all_valid);
        print_bytes(verdicts, request.items);
        print_bytes(keys, keys_len);
    } else {
        check_zeros(&all_valid, 1);
        check_zeros(verdicts, request.items);
        check_zeros(keys, keys_len);
    }
    column_free(&request.inputs);
    column_free(&request.signatures);
    column_free(&request.hints);
    free(verdicts);
    free(keys);
}

static void digest(const chainbox_t *handle)
{
    int32_t hash = (int32_t)number();
    size_t items = number();
    chainbox_column messages = column(items);
    size_t digests_len = items * CHAINBOX_DIGEST_BYTES;
    uint8_t *digests = room(digests_len);
    chainbox_error error;
    if (is_ok(chainbox_digest(handle, hash, items, &messages, digests, digests_len, &error), &error))
        print_bytes(digests, digests_len);
    else
        check_zeros(digests, digests_len);
    column_free(&messages);
    free(digests);
}

/* What stands after the start of a text; NULL where it begins with something else. */
static const char *after(const char *text, const char *start)
{
    size_t len = strlen(start);
    return strncmp(text, start, len) == 0 ? text + len : NULL;
}

int main(int argc, char **argv)
{
    chainbox_options options = {.size = sizeof options, .threads = 2};
    for (int i = 1; i < argc; i++) {
        const char *value;
        if ((value = after(argv[i], "address=")) != NULL)
            options.address = value;
        else if ((value = after(argv[i], "ca=")) != NULL)
            options.ca_file = value;
        else if ((value = after(argv[i], "certificate=")) != NULL)
            options.certificate_file = value;
        else if ((value = after(argv[i], "key=")) != NULL)
            options.key_file = value;
        else if ((value = after(argv[i], "deadline_ms=")) != NULL)
            options.deadline_ms = (uint32_t)strtoumax(value, NULL, 10);
        else
            fail("no option");
    }
    chainbox_t *handle;
    chainbox_error error;
    if (!is_ok(chainbox_open(&options, &handle, &error), &error)) {
        putchar('\n');
        return handle == NULL ? EXIT_SUCCESS : EXIT_FAILURE;
    }
    putchar('\n');
    for (const char *what = token(); what != NULL; what = token()) {
        if (strcmp(what, "verify") == 0)
            verify(handle, 0);
        else if (strcmp(what, "hints") == 0)
            verify(handle, 1);
        else if (strcmp(what, "recover") == 0)
            recover(handle);
        else if (strcmp(what, "digest") == 0)
            digest(handle);
        else
            fail("no request");
        putchar('\n');
    }
    chainbox_close(handle);
    return EXIT_SUCCESS;
}
