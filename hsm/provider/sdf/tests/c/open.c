/* Opens the device, and says what it was answered. */
#include "host.h"

int main(int argc, char **argv)
{
    SGD_HANDLE device;
    CHECK(argc == 2);
    load(argv[1]);
    SGD_RV answer = sdf.OpenDevice(&device);
    printf("%#x\n", answer);
    if (answer == SDR_OK)
        OK(sdf.CloseDevice(device));
    return 0;
}
