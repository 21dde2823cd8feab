/* SPDX-License-Identifier: MIT */
/* Scripts of attacks: what parses, what a rule does to an answer, and that canaries are found where they must not be. */
#include "nutshell/host/attack.h"

#include <stdlib.h>

#include "abi/launch.h"
#include "abi/nutshell.h"
#include "tests/mock/nutshell.h"
#include "tests/unit/unit.h"

static struct attack_script script;

static uint32_t parse(const char *text)
{
	const char *why;
	uint32_t line = attack_parse(&script, text, strlen(text), &why);

	CHECK_EQ(line != 0, why != NULL);
	return line;
}

/* A fresh machine, and this host. */
static void start(const char *text)
{
	attack_enabled = false;
	mock_reset();
	attack_init(text, strlen(text));
	attack_at_launch();
}

static void finish(void)
{
	attack_report();
	CHECK(!attack_enabled);
}

TEST(empty_scripts)
{
	CHECK_EQ(parse(""), 0);
	CHECK_EQ(parse("\n\n# on mark 1 do nonsense\nexpect went-on\nrun --cpus 2 and many more words than a rule could have\n"), 0);
	CHECK_EQ(script.count, 0);
}

TEST(rules)
{
	const struct attack_rule *rule = script.rule;

	CHECK_EQ(parse("on mark 10 do private target+0x1000\n"
		       "before guest:run 3-7 do run-area 1 other-area\n"
		       "\ton  psc-msr\t2- do answer 0x8000000000000015\n"
		       "on io do ghcb info2 18446744073709551615"),
		 0);
	REQUIRE(script.count == 4);
	CHECK_EQ(rule[0].step, STEP_MARK);
	CHECK_EQ(rule[0].action, ACTION_PRIVATE);
	CHECK_EQ(rule[0].first, 10);
	CHECK_EQ(rule[0].last, 10);
	CHECK_EQ(rule[0].address.base, BASE_TARGET);
	CHECK_EQ(rule[0].address.offset, 0x1000);
	CHECK(!rule[0].before && !rule[0].guest);
	CHECK(rule[1].before && rule[1].guest);
	CHECK_EQ(rule[1].first, 3);
	CHECK_EQ(rule[1].last, 7);
	CHECK_EQ(rule[1].number[0], 1);
	CHECK_EQ(rule[1].address.base, BASE_OTHER_AREA);
	CHECK_EQ(rule[2].last, UINT32_MAX);
	CHECK_EQ(rule[2].number[0], 0x8000000000000015ull);
	CHECK_EQ(rule[2].line, 3);
	CHECK_EQ(rule[3].first, 1);
	CHECK_EQ(rule[3].number[0], 0x3A0);
	CHECK_EQ(rule[3].number[1], UINT64_MAX);
}

TEST(bad_lines_are_named)
{
	static const char *const bad[] = {
		"at mark 1 do share target",
		"on",
		"on mark",
		"on mark 1",
		"on mark 1 do",
		"on mark 0 do share target",
		"on mark 2-1 do share target",
		"on mark 1-2-3 do share target",
		"on mark 4294967296 do share target",
		"on nothing 1 do share target",
		"on mark 1 do nothing target",
		"on mark 1 do share",
		"on mark 1 do share target target",
		"on mark 1 do share target+",
		"on mark 1 do share targets",
		"on mark 1 do share 18446744073709551616",
		"on mark 1 do share 0x",
		"on mark 1 do share 1g",
		"on mark 1 do answer 1",
		"before mark 1 do share target",
		"on fault do share target",
		"on run do skip",
		"on run do enter 0",
		"before run do enter 4",
		"before mark do enter 0",
		"on io do ghcb nowhere 1",
		"on io do ghcb 0xff9 1",
		"on io do ghcb 0x1000 1",
		"on io do interrupt 31",
		"on io do interrupt 256",
		"on io do exception 32",
		"on io do save 4 ghcb",
		"on io do flip 0",
		"on mark 1 do validated target",
		"on guest:mark 1 do share target",
		"on guest:launch do share target",
		"on io 1 do leak 3 ghcb",
		"on io 1 do ghcb rax 1 2 3 4 5 6 7 8 9",
		"before timer do share target",
		"on guest:timer do share target",
		"on io do misshapen 32",
		"on io do write service 1",
		"on launch do checksum madt 9",
		"on launch do checksum madt 4097",
		"secret",
		"secret a-name-that-is-far-too-long-for-this monitor 8",
		"secret name nowhere 8",
		"secret name target 8",
		"secret name monitor 0",
		"secret name monitor 2049",
		"secret name service+8> 8",
		"secret name service+8>x 8",
		"secret name service+8>>8 8",
		"secret name service+8>8>8>8>8>8 8",
		"secret name >8 8",
		"secret name monitor>8 8",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char text[200];

		snprintf(text, sizeof(text), "# first\n%s\n", bad[i]);
		if (parse(text) != 2) {
			printf("accepted: %s\n", bad[i]);
			CHECK(false);
		}
	}
}

TEST(too_many_rules)
{
	char text[64 * ATTACK_RULES_MAX] = "";

	for (uint32_t i = 0; i < ATTACK_RULES_MAX; i++)
		strcat(text, "on mark 1 do share target\n");
	CHECK_EQ(parse(text), 0);
	strcat(text, "on mark 1 do share target\n");
	CHECK_EQ(parse(text), ATTACK_RULES_MAX + 1);
}

TEST(wrong_scripts_stop_the_machine)
{
	mock_reset();
	attack_enabled = false;
	if (!MOCK_STOPS()) {
		attack_init("on mark 1 do", 12);
		CHECK(false);
	}
	CHECK_EQ(mock_stop_status, STOP_LAUNCH);
	CHECK(strstr(mock_stop_text, "line 1") != NULL);
	CHECK(!attack_enabled);
}

TEST(answers)
{
	struct vcpu *vcpu = &machine_vcpu[0];

	start("on guest:features 2 do answer 0x1234\non guest:features 3 do flip 1\nbefore guest:register 1 do skip\n");
	for (uint32_t i = 1; i <= 3; i++) {
		uint64_t honest = GHCB_MSR_FEATURES_RSP | options.features << 12;

		vcpu->level[MOCK_VMPL].ghcb_msr = GHCB_MSR_FEATURES_REQ;
		host_vmgexit(vcpu);
		CHECK_EQ(vcpu->level[MOCK_VMPL].ghcb_msr, i == 1 ? honest : i == 2 ? 0x1234 : honest ^ 1u);
	}
	vcpu->level[MOCK_VMPL].ghcb_registered = ~0ull;
	vcpu->level[MOCK_VMPL].ghcb_msr = GHCB_MSR_REGISTER_REQ | 0x3000;
	host_vmgexit(vcpu);
	CHECK_EQ(vcpu->level[MOCK_VMPL].ghcb_msr, GHCB_MSR_REGISTER_RSP | 0x3000);
	CHECK_EQ(vcpu->level[MOCK_VMPL].ghcb_registered, ~0ull);
	finish();
}

TEST(fields_of_the_ghcb)
{
	start("on guest:io 2 do ghcb info2 0x77\non guest:io 2 do ghcb rbx 5\n");
	for (uint32_t i = 1; i <= 2; i++) {
		MOCK_SET(rax, 0);
		CHECK(mock_event(SVM_EXIT_IOIO, (uint64_t)NUTSHELL_PORT_ID << 16 | GHCB_IOIO_IN | GHCB_IOIO_SIZE_32, 0));
		CHECK_EQ(mock_ghcb()->rax, NUTSHELL_ID);
		CHECK_EQ(mock_ghcb()->sw_exit_info_2, i == 2 ? 0x77 : 0);
		CHECK_EQ(mock_is_valid(&mock_ghcb()->rbx), i == 2);
	}
	CHECK_EQ(mock_ghcb()->rbx, 5);
	finish();
}

/* The level that asks is the guest's here: a rule for the monitor's steps does not touch it. */
TEST(steps_of_the_monitor)
{
	start("on io do ghcb info2 0x77\n");
	CHECK(mock_event(SVM_EXIT_IOIO, (uint64_t)NUTSHELL_PORT_ID << 16 | GHCB_IOIO_IN | GHCB_IOIO_SIZE_32, 0));
	CHECK_EQ(mock_ghcb()->sw_exit_info_2, 0);
	finish();
}

TEST(pages)
{
	struct vcpu *vcpu = &machine_vcpu[0];

	start("on mark 1 do share target\non mark 2 do private target\non mark 3 do save 1 target\non mark 4 do put 1 target\n"
	      "on mark 5 do write target+8 0x55\n");
	mock_give(0x5000);
	attack_at_mark(vcpu, 1, 0x5123);
	CHECK_EQ(mock_rmp(0x5000)->assigned, 0);
	attack_at_mark(vcpu, 2, 0x5123);
	CHECK_EQ(mock_rmp(0x5000)->assigned, 1);
	CHECK_EQ(mock_rmp(0x5000)->validated, 0);
	mock_give(0x5000);
	memset(mock_ram(0x5000), 0xAB, PAGE_SIZE);
	attack_at_mark(vcpu, 3, 0x5000);
	CHECK_EQ(mock_rmp(0x5000)->validated, 1); /* copying ciphertext changes nothing */
	memset(mock_ram(0x5000), 0xCD, PAGE_SIZE);
	attack_at_mark(vcpu, 4, 0x5000);
	CHECK_EQ(*mock_ram(0x5FFF), 0xAB);
	CHECK_EQ(mock_rmp(0x5000)->validated, 0);
	/* The host pays for a write with the page; a shared one is its own. */
	mock_give(0x5000);
	attack_at_mark(vcpu, 5, 0x5000);
	CHECK_EQ(mock_rmp(0x5000)->validated, 0);
	CHECK_EQ(*mock_ram(0x5008), 0x55);
	finish();
}

/* ---- canaries ---- */

static uint32_t leaks_found(void)
{
	attack_search_report();
	return (uint32_t)strtoul(strstr(mock_log_text, "private memory, ") + 16, NULL, 10);
}

TEST(canaries_are_found)
{
	uint8_t canary[ATTACK_CANARY_MAX];

	for (uint32_t which = 0; which < ATTACK_CANARIES; which++) {
		for (uint32_t offset = 0; offset < 9; offset++) {
			uint32_t size, words;

			start("");
			size = attack_canary(which, canary);
			words = size / 8;
			CHECK_EQ(leaks_found(), 0);
			/* The host's page. */
			memcpy(mock_ram(0x7100 + offset), canary, size);
			CHECK_EQ(leaks_found(), words);
			/* Private to VMPL0: where it belongs. */
			mock_give(0x7000);
			attack_search_init();
			CHECK_EQ(leaks_found(), 0);
			mock_rmp(0x7000)->perms[MOCK_VMPL] = 1;
			attack_search_init();
			CHECK_EQ(leaks_found(), words);
		}
	}
	CHECK_EQ(attack_canary(ATTACK_CANARIES, canary), 0);
}

TEST(registers_of_the_guest_are_looked_at)
{
	uint8_t canary[ATTACK_CANARY_MAX];

	start("");
	(void)attack_canary(2, canary);
	mock_give(0x9000);
	memcpy(mock_ram(0x9000 + 0x308), canary, 8); /* private to VMPL0 */
	CHECK_EQ(leaks_found(), 0);
	machine_vcpu[1].level[MOCK_VMPL].vmsa_gpa = 0x9000;
	CHECK_EQ(leaks_found(), 1);
}

TEST(a_part_of_a_canary_is_found)
{
	uint8_t canary[ATTACK_CANARY_MAX];

	start("");
	(void)attack_canary(0, canary);
	memcpy(mock_ram(0x7FF8), canary + 8, 8);
	CHECK_EQ(leaks_found(), 1);
	*mock_ram(0x7FFF) ^= 1;
	attack_search_init();
	CHECK_EQ(leaks_found(), 0);
}

/* What VMPL0 shows for a moment is seen when it is shown. */
TEST(what_vmpl0_hands_over_is_watched)
{
	struct vcpu *vcpu = &machine_vcpu[0];
	uint8_t canary[ATTACK_CANARY_MAX];
	uint64_t word;

	start("");
	(void)attack_canary(1, canary);
	memcpy(mock_ram(MOCK_GHCB + 0x900), canary, 16);
	memcpy(&word, canary, sizeof(word));
	(void)attack_before_exit(vcpu, MOCK_GHCB);
	memset(mock_ram(MOCK_GHCB + 0x900), 0, 16);
	CHECK_EQ(leaks_found(), 0); /* the guest's level may have what is the guest's */
	vcpu->vmpl = 0;
	memcpy(mock_ram(MOCK_GHCB + 0x900), canary, 16);
	(void)attack_before_exit(vcpu, MOCK_GHCB);
	memset(mock_ram(MOCK_GHCB + 0x900), 0, 16);
	CHECK_EQ(leaks_found(), 2);
	attack_watch_word(word);
	CHECK_EQ(leaks_found(), 3);
	vcpu->vmpl = MOCK_VMPL;
}

/* ---- secrets of the script ---- */

static void start_with_secret(const char *text, uint8_t first)
{
	start(text);
	mock_give(0x3000);
	for (uint32_t i = 0; i < 16; i++)
		mock_ram(0x3000)[i] = (uint8_t)(first + 17u * i);
	attack_secrets_read();
}

TEST(secrets_of_services_are_canaries)
{
	start_with_secret("secret seeds service+0x3000 64\n", 1);
	CHECK_EQ(attack_secret_words(ATTACK_CANARIES), 2); /* what is zero is none */
	CHECK_EQ(strcmp(attack_secret_name(ATTACK_CANARIES), "seeds"), 0);
	CHECK_EQ(leaks_found(), 0);
	memcpy(mock_ram(0x7003), mock_ram(0x3000), 16);
	CHECK_EQ(leaks_found(), 2);
}

/* What it was before goes on counting. */
TEST(secrets_behind_pointers)
{
	uint64_t pointer = 0x3040;

	start("secret state service+0x3000>0x20>8 16\n");
	for (uint32_t i = 0; i < 16; i++)
		mock_ram(0x4008)[i] = (uint8_t)(0x31 + i);
	attack_secrets_read(); /* nothing there yet */
	CHECK_EQ(attack_secret_words(ATTACK_CANARIES), 0);
	memcpy(mock_ram(0x3000), &pointer, sizeof(pointer));
	pointer = 0x4000;
	memcpy(mock_ram(0x3060), &pointer, sizeof(pointer));
	attack_secrets_read();
	CHECK_EQ(attack_secret_words(ATTACK_CANARIES), 2);
	CHECK_EQ(attack_secret_of(0x3837363534333231ull), ATTACK_CANARIES);
	/* What is no pointer leads nowhere. */
	pointer = ~0ull;
	memcpy(mock_ram(0x3060), &pointer, sizeof(pointer));
	attack_secrets_read();
	pointer = 0x4001;
	memcpy(mock_ram(0x3000), &pointer, sizeof(pointer));
	attack_secrets_read();
	pointer = MOCK_LOW_END;
	memcpy(mock_ram(0x3000), &pointer, sizeof(pointer));
	attack_secrets_read();
	CHECK_EQ(attack_secret_words(ATTACK_CANARIES), 2);
	CHECK(!mock_trespass);
}

TEST(secrets_that_change)
{
	start_with_secret("secret seeds service+0x3000 16\n", 1);
	memcpy(mock_ram(0x7003), mock_ram(0x3000), 8);
	for (uint32_t i = 0; i < 16; i++)
		mock_ram(0x3000)[i] = (uint8_t)(7u + 31u * i);
	attack_secrets_read();
	CHECK_EQ(attack_secret_words(ATTACK_CANARIES), 4);
	CHECK_EQ(leaks_found(), 1);
}

TEST(words_that_could_stand_anywhere_are_no_secrets)
{
	start("secret seeds service+0x3000 16\n");
	mock_give(0x3000);
	memset(mock_ram(0x3000), 0, PAGE_SIZE);
	memcpy(mock_ram(0x3000), "\xff\xff\xff\xff\x80\x04\xf2\xc0", 8);
	attack_secrets_read();
	CHECK_EQ(attack_secret_words(ATTACK_CANARIES), 0);
}

/* ---- the rest ---- */

TEST(checksums)
{
	uint8_t sum = 0;

	start("on mark 1 do write target 0x1122334455667788\non mark 1 do checksum target 36\n");
	attack_at_mark(&machine_vcpu[0], 1, 0x5000);
	for (uint32_t i = 0; i < 36; i++)
		sum = (uint8_t)(sum + mock_ram(0x5000)[i]);
	CHECK_EQ(sum, 0);
	CHECK_EQ(mock_ram(0x5000)[0], 0x88);
}

static uint64_t turned_word(void)
{
	uint64_t word;

	memcpy(&word, mock_ram(0x5008), sizeof(word));
	return word;
}

TEST(what_is_read_again_is_turned)
{
	struct vcpu *vcpu = &machine_vcpu[0];
	uint64_t word;

	start("on mark 1-2 do turn target 0xff00000000000001\n");
	CHECK_EQ(mock_watched, ~0ull);
	word = turned_word();
	attack_at_mark(vcpu, 1, 0x5008);
	CHECK_EQ(mock_watched, 0x5008);
	CHECK(strstr(mock_log_text, "begins") == NULL); /* nobody has read it yet */
	host_watched_access(vcpu, 0x5007, false);
	host_watched_access(vcpu, 0x5010, false);
	host_watched_access(vcpu, 0x5010, false);
	CHECK(strstr(mock_log_text, "begins") == NULL);
	/* Once each: fields of their own. */
	for (uint64_t at = 0x5008; at < 0x5010; at++)
		host_watched_access(vcpu, at, false);
	CHECK_TEXT(mock_log_text, "attack: line 1 begins");
	CHECK_EQ(turned_word(), word);
	/* The host's next answer, and VMPL0's next question: from the beginning. */
	attack_at_mark(vcpu, 2, 0x5008);
	host_watched_access(vcpu, 0x500a, false);
	host_watched_access(vcpu, 0x5008, true);
	host_watched_access(vcpu, 0x500a, false);
	CHECK_EQ(turned_word(), word);
	/* Once more is too much: before the read takes place, and only once. */
	host_watched_access(vcpu, 0x500a, false);
	CHECK_EQ(turned_word(), word ^ 0xff00000000000001ull);
	CHECK(strstr(mock_log_text, "attack: line 1: READ TWICE: what the host wrote at 0x5008") == mock_log_text);
	host_watched_access(vcpu, 0x500a, false);
	CHECK_EQ(turned_word(), word ^ 0xff00000000000001ull);
}

TEST(only_the_hosts_pages_are_turned)
{
	start("on mark 1 do turn target 1\non mark 2 do turn target 1\n");
	attack_at_mark(&machine_vcpu[0], 2, 0x5ff9); /* not in one page */
	CHECK_EQ(mock_watched, ~0ull);
	mock_give(0x5000);
	attack_at_mark(&machine_vcpu[0], 1, 0x5008);
	CHECK_EQ(mock_watched, ~0ull);
}

TEST(injected_exceptions)
{
	struct vcpu *vcpu = &machine_vcpu[0];

	start("on timer 2 do exception 14\n");
	attack_at_timer(vcpu);
	vcpu->vmpl = 0; /* ring 3 of VMPL0, for the mock */
	attack_at_timer(vcpu);
	CHECK_EQ(mock_injected, ~0u);
	attack_at_timer(vcpu);
	CHECK_EQ(mock_injected, 14);
	vcpu->vmpl = MOCK_VMPL;
}

/* ---- every address and action ---- */

static uint64_t word_at(uint64_t gpa)
{
	uint64_t word;

	memcpy(&word, mock_ram(gpa), sizeof(word));
	return word;
}

/* What an event names is where a rule writes. */
TEST(addresses_of_events)
{
	struct vcpu *vcpu = &machine_vcpu[0];

	start("on guest:message do write request+8 1\non guest:message do write response+8 2\non guest:message do write certificates+8 3\n"
	      "on guest:message do write ghcb+0x808 4\non guest:psc do write page+0x10 5\non mark 1 do write area 6\n"
	      "on mark 1 do write other-area 7\n");
	MOCK_SET(rax, 0x7000);
	MOCK_SET(rbx, 1);
	CHECK(mock_event(GHCB_EXIT_EXTENDED_GUEST_REQUEST, 0x5000, 0x6000));
	CHECK_EQ(word_at(0x5008), 1);
	CHECK_EQ(word_at(0x6008), 2);
	CHECK_EQ(word_at(0x7008), 3);
	CHECK_EQ(word_at(MOCK_GHCB + 0x808), 4);
	mock_set(&mock_ghcb()->sw_scratch, MOCK_GHCB + 0x800);
	memset(mock_ghcb()->shared_buffer, 0, 16);
	mock_ghcb()->shared_buffer[8] = 0;
	mock_ghcb()->shared_buffer[9] = 0x80; /* page 0x8000, shared */
	mock_ghcb()->shared_buffer[14] = 0x20;
	CHECK(mock_event(GHCB_EXIT_PSC, 0, 0));
	CHECK_EQ(word_at(0x8010), 5);
	machine_vcpu_count = 2;
	vcpu->level[MOCK_VMPL].vmsa_gpa = 0x9000;
	machine_vcpu[1].level[1].vmsa_gpa = 0xA000;
	attack_at_mark(vcpu, 1, 0);
	CHECK_EQ(word_at(0x9000), 6);
	CHECK_EQ(word_at(0xA000), 7);
	finish();
}

/* Those of the monitor's region, which the mock does not have: the host cannot do it, and nothing else happens. */
TEST(addresses_of_the_monitor)
{
	static const uint64_t offset[] = { 0, LAUNCH_OFF_CPUID, LAUNCH_OFF_SECRETS, LAUNCH_OFF_PARAM_GENERAL, LAUNCH_OFF_PARAM_MEMORY,
					   LAUNCH_OFF_PARAM_MADT };

	for (uint32_t base = BASE_MONITOR; base <= BASE_MADT; base++)
		CHECK_EQ(attack_base((uint8_t)base), 0xFC000000ull + offset[base - BASE_MONITOR]);
	CHECK_EQ(attack_base(BASE_TARGET), 0);
	start("on mark 1 do write monitor+8 1\non mark 2 do write target+0xffa 1\non mark 2 do noise monitor 1\n"
	      "on mark 2 do leak 0 target+0xfff\n");
	attack_at_mark(&machine_vcpu[0], 1, 0x5000);
	attack_at_mark(&machine_vcpu[0], 2, 0x5000);
	attack_report();
	CHECK_EQ(leaks_found(), 0);
}

TEST(noise_and_leaks)
{
	struct vcpu *vcpu = &machine_vcpu[0];
	uint8_t first[PAGE_SIZE], key[ATTACK_CANARY_MAX];
	uint32_t different = 0, size;

	start("on mark 1-2 do noise target 7\non mark 3 do leak 0 target+8\n");
	attack_at_mark(vcpu, 1, 0x5123);
	memcpy(first, mock_ram(0x5000), sizeof(first));
	attack_at_mark(vcpu, 2, 0x5123);
	for (uint32_t i = 0; i < PAGE_SIZE; i++)
		different += first[i] != mock_ram(0x5000)[i];
	CHECK(different > PAGE_SIZE / 2); /* other noise each time */
	attack_at_mark(vcpu, 3, 0x6000);
	size = attack_canary(0, key);
	CHECK(memcmp(mock_ram(0x6008), key, size) == 0);
	CHECK_EQ(leaks_found(), 4);
	finish();
}

TEST(states_of_blocks)
{
	struct vcpu *vcpu = &machine_vcpu[0];

	start("on launch do validated 0x7000\non mark 1 do large target\non mark 2 do smash target\n");
	CHECK(mock_rmp(0x7000)->validated == 1 && mock_rmp(0x7000)->assigned == 1);
	attack_at_mark(vcpu, 1, 0x234567);
	CHECK(mock_rmp(0x200000)->size_2m == 1 && mock_rmp(0x3FF000)->size_2m == 1);
	CHECK_EQ(mock_rmp(0x1FF000)->size_2m, 0);
	attack_at_mark(vcpu, 2, 0x234567);
	CHECK(mock_rmp(0x200000)->size_2m == 0 && mock_rmp(0x200000)->assigned == 1);
	finish();
}

TEST(random_answers)
{
	struct vcpu *vcpu = &machine_vcpu[0];
	uint64_t first;

	start("on guest:features do random 1\non guest:io do random 2\n");
	vcpu->level[MOCK_VMPL].ghcb_msr = GHCB_MSR_FEATURES_REQ;
	host_vmgexit(vcpu);
	first = vcpu->level[MOCK_VMPL].ghcb_msr;
	CHECK(first != (GHCB_MSR_FEATURES_RSP | options.features << 12));
	vcpu->level[MOCK_VMPL].ghcb_msr = GHCB_MSR_FEATURES_REQ;
	host_vmgexit(vcpu);
	CHECK(vcpu->level[MOCK_VMPL].ghcb_msr != first);
	CHECK(mock_event(SVM_EXIT_IOIO, (uint64_t)NUTSHELL_PORT_ID << 16 | GHCB_IOIO_IN | GHCB_IOIO_SIZE_32, 0));
	CHECK(mock_ghcb()->rax != NUTSHELL_ID && mock_ghcb()->usage != 0);
	finish();
}

/* A level is run instead, from its own save area or from another, which stays registered for that time alone. */
TEST(levels_are_run_instead)
{
	struct vcpu *vcpu = &machine_vcpu[0];

	start("before guest:psc-msr 1 do enter 1\nbefore guest:run 1 do run-area 3 0x9000\nbefore guest:io 1 do enter 0\n"
	      "before fault 2 do enter 1\n");
	vcpu->level[3].vmsa_gpa = 0x4000;
	vcpu->level[MOCK_VMPL].ghcb_msr = GHCB_MSR_PSC_REQ | 0x5000 | 1ull << 52;
	host_vmgexit(vcpu);
	CHECK_EQ(mock_switched_to, 1);
	CHECK_EQ(vcpu->level[MOCK_VMPL].ghcb_msr, GHCB_MSR_PSC_RSP); /* a success that is none */
	vcpu->vmpl = MOCK_VMPL;
	vcpu->level[MOCK_VMPL].ghcb_msr = GHCB_MSR_RUN_VMPL_REQ;
	host_vmgexit(vcpu);
	CHECK_EQ(mock_switched_to, 3);
	CHECK_EQ(vcpu->level[3].vmsa_gpa, 0x4000);
	CHECK_EQ(vcpu->level[MOCK_VMPL].ghcb_msr, GHCB_MSR_RUN_VMPL_RSP);
	vcpu->vmpl = MOCK_VMPL;
	mock_switch_result = ERR_STATE; /* the hardware refuses: success is answered all the same */
	CHECK(mock_event(SVM_EXIT_IOIO, (uint64_t)NUTSHELL_PORT_ID << 16 | GHCB_IOIO_IN | GHCB_IOIO_SIZE_32, 0));
	CHECK_EQ(mock_switched_to, 0);
	CHECK_EQ(vcpu->vmpl, MOCK_VMPL);
	CHECK_EQ(mock_ghcb()->sw_exit_info_1, 0);
	mock_switch_result = 0;
	vcpu->vmpl = 0;
	CHECK(!attack_before_fault(vcpu));
	CHECK(attack_before_fault(vcpu));
	CHECK_EQ(mock_switched_to, 1);
	vcpu->vmpl = MOCK_VMPL;
	finish();
}

TEST(interrupts_and_steps_of_events)
{
	start("on guest:msr 1 do interrupt 0x80\non guest:create 1 do interrupt 0x81\non guest:run 1 do interrupt 0x82\n");
	mock_interrupt = 0;
	MOCK_SET(rcx, 0x17);
	CHECK(mock_event(SVM_EXIT_MSR, 0, 0));
	CHECK_EQ(mock_interrupt, 0x80);
	MOCK_SET(rax, 0);
	CHECK(mock_event(GHCB_EXIT_AP_CREATION, 0, 0));
	CHECK_EQ(mock_interrupt, 0x81);
	CHECK(mock_event(GHCB_EXIT_RUN_VMPL, MOCK_VMPL, 0));
	CHECK_EQ(mock_interrupt, 0x82);
	machine_vcpu[0].vmpl = MOCK_VMPL;
	finish();
}

/* The pages of a message of VMPL0's are searched, too. */
TEST(messages_are_watched)
{
	struct vcpu *vcpu = &machine_vcpu[0];
	uint8_t key[ATTACK_CANARY_MAX];
	uint32_t size;

	start("");
	vcpu->vmpl = 0;
	size = attack_canary(0, key);
	memcpy(mock_ram(0x5100), key, size);
	memcpy(mock_ram(0x6100), key, size);
	MOCK_SET(sw_exit_code, GHCB_EXIT_GUEST_REQUEST);
	MOCK_SET(sw_exit_info_1, 0x5000);
	MOCK_SET(sw_exit_info_2, 0x6000);
	(void)attack_before_exit(vcpu, MOCK_GHCB);
	memset(mock_ram(0x5100), 0, sizeof(key));
	memset(mock_ram(0x6100), 0, sizeof(key));
	CHECK_EQ(leaks_found(), 8);
	vcpu->vmpl = MOCK_VMPL;
	finish();
}
