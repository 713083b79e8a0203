/* Files: what is written is read again, by another session and after the device was opened anew, and no name leads out of the folder. */
#include "host.h"

static SGD_HANDLE device, session;

#define NAME(text) (unsigned char *)(uintptr_t)(text), (unsigned int)(sizeof(text) - 1)

static void reads(unsigned int offset, unsigned int wanted, const char *expected, unsigned int length)
{
    unsigned char bytes[256];
    memset(bytes, 0xee, sizeof bytes);
    OK(sdf.ReadFile(session, NAME("state-1.bin"), offset, &wanted, bytes));
    CHECK(wanted == length && memcmp(bytes, expected, length) == 0 && bytes[length] == 0xee);
}

static void life(void)
{
    unsigned char text[] = "what must survive";
    unsigned int length = 1;
    ANSWERS(sdf.ReadFile(session, NAME("state-1.bin"), 0, &length, text), SDR_FILENOEXIST);
    ANSWERS(sdf.WriteFile(session, NAME("state-1.bin"), 0, 1, text), SDR_FILENOEXIST);
    ANSWERS(sdf.DeleteFile(session, NAME("state-1.bin")), SDR_FILENOEXIST);
    OK(sdf.CreateFile(session, NAME("state-1.bin"), 32));
    ANSWERS(sdf.CreateFile(session, NAME("state-1.bin"), 32), SDR_FILEEXISTS);
    reads(0, 8, "\0\0\0\0\0\0\0\0", 8);
    OK(sdf.WriteFile(session, NAME("state-1.bin"), 4, sizeof text - 1, text));
    reads(4, sizeof text - 1, "what must survive", sizeof text - 1);
    reads(0, 6, "\0\0\0\0wh", 6);
    reads(31, 100, "\0", 1);
    reads(32, 100, "", 0);
    length = 1;
    ANSWERS(sdf.ReadFile(session, NAME("state-1.bin"), 33, &length, text), SDR_FILEOFSERR);
    ANSWERS(sdf.WriteFile(session, NAME("state-1.bin"), 33, 1, text), SDR_FILEOFSERR);
    ANSWERS(sdf.WriteFile(session, NAME("state-1.bin"), 31, 2, text), SDR_FILESIZEERR);
    ANSWERS(sdf.WriteFile(session, NAME("state-1.bin"), UINT32_MAX, 1, text), SDR_FILEOFSERR);
    ANSWERS(sdf.WriteFile(session, NAME("state-1.bin"), 0, UINT32_MAX, text), SDR_INARGERR);
    ANSWERS(sdf.WriteFile(session, NAME("state-1.bin"), 0, 1, NULL), SDR_INARGERR);
    ANSWERS(sdf.ReadFile(session, NAME("state-1.bin"), 0, NULL, text), SDR_INARGERR);
    ANSWERS(sdf.ReadFile(session, NAME("state-1.bin"), 0, &length, NULL), SDR_OUTARGERR);
    ANSWERS(sdf.CreateFile(session, NAME("large"), (64 << 10) + 1), SDR_FILESIZEERR);
    ANSWERS(sdf.CreateFile(session, NAME("large"), UINT32_MAX), SDR_FILESIZEERR);
    OK(sdf.CreateFile(session, NAME("large"), 64 << 10));
    OK(sdf.DeleteFile(session, NAME("large")));
}

static void refuses(unsigned char *name, unsigned int length)
{
    unsigned char byte = 0;
    unsigned int one = 1;
    ANSWERS(sdf.CreateFile(session, name, length, 1), SDR_INARGERR);
    ANSWERS(sdf.ReadFile(session, name, length, 0, &one, &byte), SDR_INARGERR);
    ANSWERS(sdf.WriteFile(session, name, length, 0, 1, &byte), SDR_INARGERR);
    ANSWERS(sdf.DeleteFile(session, name, length), SDR_INARGERR);
}

static void names(void)
{
    unsigned char long_one[200];
    memset(long_one, 'a', sizeof long_one);
    refuses(NAME("../outside"));
    refuses(NAME("/etc/passwd"));
    refuses(NAME("a/b"));
    refuses(NAME("a\\b"));
    refuses(NAME(".."));
    refuses(NAME(".hidden"));
    refuses(NAME("a\0b"));
    refuses(NAME("a b"));
    refuses(NAME("\xe6\x96\x87"));
    refuses(NAME("a\n"));
    refuses(NAME(""));
    refuses(NULL, 4);
    refuses(long_one, 129);
    refuses(long_one, UINT32_MAX);
    OK(sdf.CreateFile(session, long_one, 128, 1));
    OK(sdf.DeleteFile(session, long_one, 128));
}

static void number(void)
{
    char name[16];
    unsigned int made = 0;
    SGD_RV answer;
    do {
        int length = snprintf(name, sizeof name, "n%u", made);
        answer = sdf.CreateFile(session, (unsigned char *)name, (unsigned int)length, 0);
        made += answer == SDR_OK;
    } while (answer == SDR_OK && made < 1000);
    ANSWERS(answer, SDR_NOBUFFER);
    CHECK(made == 255);
    while (made-- > 0) {
        int length = snprintf(name, sizeof name, "n%u", made);
        OK(sdf.DeleteFile(session, (unsigned char *)name, (unsigned int)length));
    }
}

int main(int argc, char **argv)
{
    CHECK(argc == 2);
    load(argv[1]);
    OK(sdf.OpenDevice(&device));
    OK(sdf.OpenSession(device, &session));
    life();
    names();
    number();
    OK(sdf.CloseDevice(device));
    OK(sdf.OpenDevice(&device));
    OK(sdf.OpenSession(device, &session));
    reads(4, 17, "what must survive", 17);
    OK(sdf.CloseDevice(device));
    return 0;
}
