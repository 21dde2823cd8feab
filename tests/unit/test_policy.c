/* SPDX-License-Identifier: MIT */
/* The policy page: what the monitor accepts, and the text that people write. */
#include "lib/policy.h"
#include "tests/unit/unit.h"
#include "tools/igvm/policy.h"

static struct policy_page good(void)
{
	struct policy_page policy;

	policy_init(&policy);
	return policy;
}

TEST(default_is_good)
{
	struct policy_page policy = good();

	CHECK(policy_check(&policy) == NULL);
	CHECK_EQ(policy.guest_vmpl, 2);
	CHECK_EQ(policy.flags, POLICY_FLAG_SERVICES);
	CHECK_EQ(policy.serial_port, 0x3F8);
	CHECK_EQ(policy.secure_boot, POLICY_SECURE_BOOT_OFF);
}

#define CHECK_REFUSED(change) \
	do { \
		struct policy_page policy = good(); \
		change; \
		CHECK(policy_check(&policy) != NULL); \
	} while (0)

TEST(bad_pages_are_refused)
{
	CHECK_REFUSED(policy.magic++);
	CHECK_REFUSED(policy.version = 0);
	CHECK_REFUSED(policy.version = 2);
	CHECK_REFUSED(policy.guest_vmpl = 0);
	CHECK_REFUSED(policy.guest_vmpl = 4);
	CHECK_REFUSED(policy.guest_vmpl = ~0u);
	CHECK_REFUSED(policy.flags |= 4);
	CHECK_REFUSED(policy.flags |= 1u << 31);
	CHECK_REFUSED(policy.serial_port = 0);
	CHECK_REFUSED(policy.serial_port = 0xFFF9);
	CHECK_REFUSED(policy.secure_boot = 3);
	CHECK_REFUSED(policy.secure_boot = ~0u);
	CHECK_REFUSED(policy.off_count = POLICY_OFF_MAX + 1);
	CHECK_REFUSED(policy.off_count = ~0u);
	CHECK_REFUSED(policy.off_count = 1); /* an empty name */
	CHECK_REFUSED(policy.off[0][0] = 'a'); /* a name that is not counted */
	CHECK_REFUSED(policy.off[POLICY_OFF_MAX - 1][POLICY_NAME_SIZE - 1] = 'a');
	CHECK_REFUSED(policy.reserved[0] = 1);
	CHECK_REFUSED(policy.reserved[sizeof(policy.reserved) - 1] = 1);
	CHECK_REFUSED(policy.off_count = 1; memset(policy.off[0], 'a', POLICY_NAME_SIZE));
	CHECK_REFUSED(policy.off_count = 1; memcpy(policy.off[0], "a b", 3));
	CHECK_REFUSED(policy.off_count = 1; memcpy(policy.off[0], "a\0b", 3));
}

TEST(names_fill_their_slots)
{
	struct policy_page policy = good();

	policy.off_count = POLICY_OFF_MAX;
	for (uint32_t i = 0; i < POLICY_OFF_MAX; i++)
		memset(policy.off[i], 'a', POLICY_NAME_SIZE - 1);
	CHECK(policy_check(&policy) == NULL);
}

static int parse(struct policy_page *policy, const char *text, struct policy_error *error)
{
	*error = (struct policy_error){ NULL, 0 };
	return policy_parse(policy, text, strlen(text), error);
}

TEST(text_sets_every_key)
{
	struct policy_page policy = good();
	struct policy_error error;

	CHECK_EQ(parse(&policy,
		       "# a comment\n\n guest-vmpl = 1 # behind\nconsole=on\r\n\tserial-port\t=\t0x2f8\nservices = off\n"
		       "services-off = vtpm  vars\nsecure-boot = deployed",
		       &error),
		 0);
	CHECK(policy_check(&policy) == NULL);
	CHECK_EQ(policy.guest_vmpl, 1);
	CHECK_EQ(policy.flags, POLICY_FLAG_CONSOLE);
	CHECK_EQ(policy.serial_port, 0x2F8);
	CHECK_EQ(policy.off_count, 2);
	CHECK_TEXT(policy.off[0], "vtpm");
	CHECK_TEXT(policy.off[1], "vars");
	CHECK_EQ(policy.secure_boot, POLICY_SECURE_BOOT_DEPLOYED);
	CHECK_EQ(parse(&policy, "services = on\nservices-off = none\nsecure-boot=setup", &error), 0);
	CHECK_EQ(policy.flags, POLICY_FLAG_CONSOLE | POLICY_FLAG_SERVICES);
	CHECK_EQ(policy.off_count, 0);
	CHECK_EQ(policy.secure_boot, POLICY_SECURE_BOOT_SETUP);
	CHECK(policy_check(&policy) == NULL);
}

#define CHECK_TEXT_REFUSED(bad_line, bad_text) \
	do { \
		struct policy_page policy = good(), before = policy; \
		struct policy_error error; \
		CHECK_EQ(parse(&policy, bad_text, &error), ERR_FORMAT); \
		CHECK(error.text != NULL); \
		CHECK_EQ(error.line, bad_line); \
		CHECK(memcmp(&policy, &before, sizeof(policy)) == 0); \
	} while (0)

TEST(bad_texts_are_refused)
{
	CHECK_TEXT_REFUSED(1, "guest-vmpl = 0");
	CHECK_TEXT_REFUSED(1, "guest-vmpl = 4");
	CHECK_TEXT_REFUSED(1, "guest-vmpl = 2x");
	CHECK_TEXT_REFUSED(1, "guest-vmpl =");
	CHECK_TEXT_REFUSED(1, "guest-vmpl = -1");
	CHECK_TEXT_REFUSED(1, "guest-vmpl");
	CHECK_TEXT_REFUSED(1, "= 2");
	CHECK_TEXT_REFUSED(2, "guest-vmpl = 1\nconsole = yes");
	CHECK_TEXT_REFUSED(1, "serial-port = 0");
	CHECK_TEXT_REFUSED(1, "serial-port = 65536");
	CHECK_TEXT_REFUSED(1, "serial-port = 99999999999999999999999999");
	CHECK_TEXT_REFUSED(1, "services = 1");
	CHECK_TEXT_REFUSED(1, "services-off = a b c d e f g h i");
	CHECK_TEXT_REFUSED(1, "services-off = a/b");
	CHECK_TEXT_REFUSED(1, "services-off = 0123456789012345678901234567890123");
	CHECK_TEXT_REFUSED(1, "secure-boot = on");
	CHECK_TEXT_REFUSED(4, "\n# x\n\nsecureboot = off");
	CHECK_TEXT_REFUSED(1, "console = on\001");
}

TEST(long_lines_are_refused)
{
	char text[400] = "console = on";
	struct policy_page policy = good();
	struct policy_error error;

	memset(text + strlen(text), ' ', sizeof(text) - 1 - strlen(text));
	CHECK_EQ(parse(&policy, text, &error), ERR_FORMAT);
	text[20] = '#';
	CHECK_EQ(parse(&policy, text, &error), 0);
}

TEST(what_is_written_is_read)
{
	struct policy_page policy = good(), again = good();
	struct policy_error error;
	char text[1024];

	CHECK_EQ(parse(&policy, "guest-vmpl=3\nconsole=on\nservices-off=a b c\nsecure-boot=setup\nserial-port=7", &error), 0);
	REQUIRE(policy_format(&policy, text, sizeof(text)));
	CHECK_EQ(parse(&again, text, &error), 0);
	CHECK(memcmp(&policy, &again, sizeof(policy)) == 0);
	for (size_t size = 1; size < strlen(text) + 1; size++)
		CHECK(!policy_format(&policy, text, size));
	CHECK_EQ(policy_set_argument(&policy, "test", "guest-vmpl=1"), 0);
	CHECK_EQ(policy.guest_vmpl, 1);
	CHECK_EQ(policy_set_argument(&policy, "test", "guest-vmpl"), ERR_INVALID);
}
