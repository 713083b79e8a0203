/* Whatever a caller gets wrong is an error with its text, leaves nothing valid and crashes nothing. */

#include "check.h"

enum { POISON = 0xA5 };

static chainbox_t *handle;

static chainbox_t *open_handle(void)
{
    chainbox_options options = {.size = sizeof options, .threads = 1};
    chainbox_t *opened;
    CHECK(chainbox_open(&options, &opened, NULL) == CHAINBOX_STATUS_OK);
    return opened;
}

/* Opening with these options is refused, and the message says `part`. */
static void check_open_refused(const chainbox_options *options, const char *part)
{
    chainbox_t *opened = handle;
    chainbox_error error;
    CHECK(chainbox_open(options, &opened, &error) == CHAINBOX_STATUS_BAD_ARGUMENT);
    CHECK(opened == NULL);
    CHECK(error.status == CHAINBOX_STATUS_BAD_ARGUMENT);
    if (strstr(error.message, part) == NULL) {
        fprintf(stderr, "\"%s\" does not say \"%s\"\n", error.message, part);
        exit(EXIT_FAILURE);
    }
}

static void open_is_checked(void)
{
    chainbox_options options = {.size = sizeof options};
    check_open_refused(NULL, "chainbox_options is NULL");
    options.size = 0;
    check_open_refused(&options, "size of chainbox_options is 0");
    options.size = sizeof options - 1;
    check_open_refused(&options, "size of chainbox_options");
    options.size = SIZE_MAX;
    check_open_refused(&options, "size of chainbox_options");
    options.size = sizeof options;
    options.threads = CHAINBOX_THREADS_MAX + 1;
    check_open_refused(&options, "threads is 1025");
    options.threads = 0;
    options.address = "box.example:7410";
    check_open_refused(&options, "box.example:7410");
    options.address = "\xff";
    check_open_refused(&options, "address is not UTF-8");
    options.address = NULL;
    options.ca_file = "ca.pem";
    check_open_refused(&options, "ca_file");

    chainbox_error error;
    options.ca_file = NULL;
    CHECK(chainbox_open(&options, NULL, &error) == CHAINBOX_STATUS_BAD_ARGUMENT);
    CHECK(strstr(error.message, "handle is NULL") != NULL);
    chainbox_close(NULL);
}

/* A structure of a later version: what this one does not know must be zero. */
static void later_versions_are_read(void)
{
    struct {
        chainbox_options known;
        uint64_t later;
    } options = {.known = {.size = sizeof options, .threads = 1}, .later = 0};
    chainbox_t *opened;
    CHECK(chainbox_open(&options.known, &opened, NULL) == CHAINBOX_STATUS_OK);
    chainbox_close(opened);
    options.later = 1;
    check_open_refused(&options.known, "update libchainbox");
}

/* Verifying is refused with `part` in the message, and nothing is left valid. */
static void check_refused(const chainbox_t *with, const chainbox_verify_request *request, const char *part)
{
    uint8_t verdicts[2] = {POISON, POISON}, all_valid = POISON;
    uint8_t data[2 * CHAINBOX_HINT_BYTES];
    uint32_t lengths[2] = {POISON, POISON};
    chainbox_hints hints = {data, sizeof data, lengths, 2, POISON};
    chainbox_error error;
    for (int with_hints = 0; with_hints < 2; with_hints++) {
        memset(data, POISON, sizeof data);
        chainbox_status status = with_hints ? chainbox_verify_hints(with, request, verdicts, 2, &all_valid, &hints, &error)
                                            : chainbox_verify(with, request, verdicts, 2, &all_valid, &error);
        CHECK(status == CHAINBOX_STATUS_BAD_ARGUMENT);
        CHECK(verdicts[0] == CHAINBOX_VERDICT_NOT_CHECKED && verdicts[1] == CHAINBOX_VERDICT_NOT_CHECKED && all_valid == 0);
        if (strstr(error.message, part) == NULL) {
            fprintf(stderr, "\"%s\" does not say \"%s\"\n", error.message, part);
            exit(EXIT_FAILURE);
        }
    }
    CHECK(hints.data_len == 0 && lengths[0] == 0 && lengths[1] == 0 && data[0] == 0 && data[sizeof data - 1] == 0);
}

/* The same for a change of a request that is valid. */
#define CHECK_CHANGED(part, ...)                         \
    do {                                                 \
        chainbox_verify_request request = valid_request(); \
        __VA_ARGS__;                                     \
        check_refused(handle, &request, part);           \
    } while (0)

static void requests_are_checked(void)
{
    static const uint32_t right[] = {33}, wrong[] = {32}, overflowing[] = {UINT32_MAX, 34};
    chainbox_verify_request valid = valid_request();
    check_refused(NULL, &valid, "handle is NULL");
    check_refused(handle, NULL, "chainbox_verify_request is NULL");
    CHECK_CHANGED("set it to sizeof", request.size = 0);
    CHECK_CHANGED("scheme is 0", request.scheme = 0);
    CHECK_CHANGED("scheme is 99", request.scheme = 99);
    CHECK_CHANGED("scheme is -1", request.scheme = -1);
    CHECK_CHANGED("input is 3", request.input = 3);
    CHECK_CHANGED("encoding is 0", request.encoding = 0);
    CHECK_CHANGED("low_s is 2", request.low_s = 2);
    CHECK_CHANGED("items", request.items = SIZE_MAX);
    CHECK_CHANGED("a call takes at most", request.items = (size_t)CHAINBOX_ITEMS_MAX + 1);
    CHECK_CHANGED("verdicts has room for 2", request.items = 3);
    CHECK_CHANGED("keys", request.items = 2);
    CHECK_CHANGED("keys", request.items = 0);
    CHECK_CHANGED("keys.data is NULL", request.keys.data = NULL);
    CHECK_CHANGED("keys.data", request.keys.data_len = SIZE_MAX);
    CHECK_CHANGED("keys", request.keys.width = 32);
    CHECK_CHANGED("keys", request.keys.width = SIZE_MAX);
    CHECK_CHANGED("keys: is absent", request.keys = column_of(NULL, 0, 0));
    CHECK_CHANGED("lengths and a width", request.keys.lengths = right);
    CHECK_CHANGED("add up to 32", request.keys.lengths = wrong, request.keys.width = 0);
    CHECK_CHANGED("keys.lengths is not aligned", request.keys.lengths = (const void *)((const uint8_t *)right + 1), request.keys.width = 0);
    CHECK_CHANGED("add up to 4294967329", request.items = 2, request.keys.lengths = overflowing, request.keys.width = 0);
    CHECK_CHANGED("signatures", request.signatures.data_len = 63);
    CHECK_CHANGED("a digest has 32 bytes", request.inputs = column_of(KEY, 31, 31));
    CHECK_CHANGED("an id belongs to SM2", request.ids = column_of("id", 2, 2));
    CHECK_CHANGED("hints", request.hints = column_of("hints", 5, 2));

    chainbox_verify_request request = valid_request();
    uint8_t verdict = POISON;
    CHECK(chainbox_verify(handle, &request, NULL, 1, NULL, NULL) == CHAINBOX_STATUS_BAD_ARGUMENT);
    CHECK(chainbox_verify(handle, &request, &verdict, 0, NULL, NULL) == CHAINBOX_STATUS_BAD_ARGUMENT);
    CHECK(verdict == POISON);
    CHECK(chainbox_verify(handle, &request, &verdict, 1, NULL, NULL) == CHAINBOX_STATUS_OK);
    CHECK(verdict == CHAINBOX_VERDICT_VALID);
}

/* Room for hints is checked before anything is verified. */
static void rooms_are_checked(void)
{
    chainbox_verify_request request = valid_request();
    uint8_t verdict = POISON, data[CHAINBOX_HINT_BYTES];
    uint32_t length;
    chainbox_error error;
    CHECK(chainbox_verify_hints(handle, &request, &verdict, 1, NULL, NULL, &error) == CHAINBOX_STATUS_BAD_ARGUMENT);
    CHECK(strstr(error.message, "hints is NULL") != NULL && verdict == CHAINBOX_VERDICT_NOT_CHECKED);
    chainbox_hints small = {data, sizeof data - 1, &length, 1, 0}, none = {data, sizeof data, NULL, 1, 0};
    CHECK(chainbox_verify_hints(handle, &request, &verdict, 1, NULL, &small, &error) == CHAINBOX_STATUS_BAD_ARGUMENT);
    CHECK(strstr(error.message, "hints.data has room for 31 values and needs 32") != NULL);
    CHECK(chainbox_verify_hints(handle, &request, &verdict, 1, NULL, &none, &error) == CHAINBOX_STATUS_BAD_ARGUMENT);
    CHECK(strstr(error.message, "hints.lengths is NULL") != NULL);
}

static void recovery_is_checked(void)
{
    uint8_t signature[65] = {0}, verdict = POISON, all_valid = POISON, key[CHAINBOX_KEY_BYTES];
    memset(key, POISON, sizeof key);
    chainbox_recover_request request = {.size = sizeof request, .items = 1, .input = CHAINBOX_INPUT_DIGEST};
    request.inputs = column_of(DIGEST, sizeof DIGEST, sizeof DIGEST);
    chainbox_error error;
    CHECK(chainbox_recover(handle, &request, &verdict, 1, key, sizeof key, &all_valid, &error) == CHAINBOX_STATUS_BAD_ARGUMENT);
    CHECK(strstr(error.message, "signatures: is absent") != NULL);
    CHECK(verdict == CHAINBOX_VERDICT_NOT_CHECKED && all_valid == 0 && key[0] == 0 && key[sizeof key - 1] == 0);
    request.signatures = column_of(signature, sizeof signature, sizeof signature);
    CHECK(chainbox_recover(handle, &request, &verdict, 1, key, sizeof key - 1, &all_valid, &error) == CHAINBOX_STATUS_BAD_ARGUMENT);
    CHECK(strstr(error.message, "keys has room for 63 values and needs 64") != NULL);
    CHECK(chainbox_recover(NULL, &request, &verdict, 1, key, sizeof key, &all_valid, &error) == CHAINBOX_STATUS_BAD_ARGUMENT);
    CHECK(chainbox_recover(handle, NULL, &verdict, 1, key, sizeof key, &all_valid, &error) == CHAINBOX_STATUS_BAD_ARGUMENT);
    CHECK(chainbox_recover(handle, &request, &verdict, 1, NULL, sizeof key, &all_valid, &error) == CHAINBOX_STATUS_BAD_ARGUMENT);
    CHECK(chainbox_recover(handle, &request, &verdict, 1, key, sizeof key, &all_valid, &error) == CHAINBOX_STATUS_OK);
    CHECK(verdict == CHAINBOX_VERDICT_R_OUT_OF_RANGE && all_valid == 0);
}

static void digests_are_checked(void)
{
    uint8_t digest[CHAINBOX_DIGEST_BYTES];
    memset(digest, POISON, sizeof digest);
    chainbox_column message = column_of("abc", 3, 3);
    chainbox_error error;
    CHECK(chainbox_digest(handle, 0, 1, &message, digest, sizeof digest, &error) == CHAINBOX_STATUS_BAD_ARGUMENT);
    CHECK(strstr(error.message, "hash is 0") != NULL && digest[0] == 0 && digest[sizeof digest - 1] == 0);
    CHECK(chainbox_digest(NULL, CHAINBOX_HASH_SM3, 1, &message, digest, sizeof digest, &error) == CHAINBOX_STATUS_BAD_ARGUMENT);
    CHECK(chainbox_digest(handle, CHAINBOX_HASH_SM3, 1, NULL, digest, sizeof digest, &error) == CHAINBOX_STATUS_BAD_ARGUMENT);
    CHECK(chainbox_digest(handle, CHAINBOX_HASH_SM3, 2, &message, digest, sizeof digest, &error) == CHAINBOX_STATUS_BAD_ARGUMENT);
    CHECK(chainbox_digest(handle, CHAINBOX_HASH_SM3, 1, &message, digest, sizeof digest - 1, &error) == CHAINBOX_STATUS_BAD_ARGUMENT);
    CHECK(chainbox_digest(handle, CHAINBOX_HASH_SM3, 1, &message, NULL, sizeof digest, &error) == CHAINBOX_STATUS_BAD_ARGUMENT);
    CHECK(chainbox_digest(handle, CHAINBOX_HASH_SM3, SIZE_MAX, &message, digest, sizeof digest, &error) == CHAINBOX_STATUS_BAD_ARGUMENT);
    CHECK(chainbox_digest(handle, CHAINBOX_HASH_SM3, 1, &message, digest, sizeof digest, &error) == CHAINBOX_STATUS_OK);
    CHECK(digest[0] == 0x66 && error.status == CHAINBOX_STATUS_OK && error.message[0] == '\0');
}

/* No items are fine, and every number has a text. */
static void nothing_and_texts(void)
{
    chainbox_verify_request request = valid_request();
    request.items = 0;
    request.keys = request.inputs = request.signatures = column_of(NULL, 0, 0);
    uint8_t all_valid = POISON;
    CHECK(chainbox_verify(handle, &request, NULL, 0, &all_valid, NULL) == CHAINBOX_STATUS_OK);
    CHECK(all_valid == 1);
    for (int code = 0; code < 256; code++)
        CHECK(strlen(chainbox_verdict_text((uint8_t)code)) > 0);
    CHECK(strcmp(chainbox_verdict_text(CHAINBOX_VERDICT_VALID), "valid") == 0);
    CHECK(strcmp(chainbox_verdict_text(CHAINBOX_VERDICT_EQUATION), "equation") == 0);
    CHECK(strstr(chainbox_verdict_text(255), "not valid") != NULL);
    CHECK(strcmp(chainbox_error_text(CHAINBOX_STATUS_OK), "ok") == 0);
    CHECK(strcmp(chainbox_error_text(-7), "unknown error") == 0);
    CHECK(chainbox_version()[0] >= '0' && chainbox_version()[0] <= '9');
}

int main(void)
{
    handle = open_handle();
    open_is_checked();
    later_versions_are_read();
    requests_are_checked();
    rooms_are_checked();
    recovery_is_checked();
    digests_are_checked();
    nothing_and_texts();
    chainbox_close(handle);
    return EXIT_SUCCESS;
}
