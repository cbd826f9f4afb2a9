/* The command line without a node: the table, words and options, what people
 * see, recorded elections, and the pages made from the tables. */
#include "base/arena.h"
#include "cli/bulk.h"
#include "cli/cli.h"
#include "cli/election.h"
#include "cli/process.h"
#include "cli/reference.h"
#include "cli/render.h"
#include "governance/types.h"
#include "node/config.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

/* --- The table --- */

static void
every_command_and_option_stands_once_and_says_what_it_does(void **state)
{
	(void)state;
	for (int i = 0; i < CLI_COMMAND_COUNT; i++) {
		const struct cli_command *c =
			cli_command((enum cli_command_id)i);
		const struct cli_option *o, *p;

		assert_true(c->doc[0] && c->words[0]);
		assert_true(c->arguments_min <= c->arguments_max);
		assert_int_equal(c->arguments[0] != '\0', c->arguments_max > 0);
		for (int k = 0; k < i; k++)
			assert_string_not_equal(
				c->words,
				cli_command((enum cli_command_id)k)->words);
		for (o = c->options; o->name; o++) {
			assert_true(o->doc[0]);
			for (p = c->options; p != o; p++)
				assert_string_not_equal(o->name, p->name);
			for (p = cli_global_options(); p->name; p++)
				assert_string_not_equal(o->name, p->name);
		}
	}
}

static void every_method_is_found_by_its_name_of_noun_and_verb(void **state)
{
	(void)state;
	for (int i = 0; i < RPC_METHOD_COUNT; i++) {
		const struct rpc_method *m = rpc_method((enum rpc_method_id)i);

		assert_non_null(strchr(m->name, '.'));
		assert_true(m->doc[0] && m->result[0]);
		assert_int_equal(rpc_method_find(m->name, strlen(m->name)), i);
		/* Who may only read changes nothing. */
		assert_true(m->role == RPC_OPERATE || !m->audited);
	}
	assert_int_equal(rpc_method_find("node.fly", 8), RPC_METHOD_COUNT);
}

/* --- Words and options --- */

#define ARGV_MAX 12

static enum err parse(struct cli *cli, const char *line, struct err_text *text)
{
	static char copy[512];
	char *argv[ARGV_MAX + 1] = {copy}, *rest = copy, *word;
	int argc = 1;

	snprintf(copy, sizeof(copy), "%s", line);
	while (argc < ARGV_MAX && (word = strsep(&rest, "|")))
		argv[argc++] = word;
	return cli_parse(cli, argc, argv, text);
}

static void words_and_options_are_taken_apart(void **state)
{
	static const struct {
		const char *name, *line;
		enum cli_command_id command;
		int words;
		const char *message; /* of the refusal; NULL: taken */
	} ROWS[] = {
		{"one word", "status", CLI_STATUS, 0, NULL},
		{"the longest name wins", "vote|list|3", CLI_VOTE_LIST, 1,
		 NULL},
		{"and the short one without it", "vote|3|for", CLI_VOTE, 2,
		 NULL},
		{"globals before", "-o|json|--socket|/s|tally|3", CLI_TALLY, 1,
		 NULL},
		{"options between", "tally|--explain|3", CLI_TALLY, 1, NULL},
		{"equals sign", "vote|1|for|--as=bob", CLI_VOTE, 2, NULL},
		{"a dash is a word", "tx|decode|-", CLI_TX_DECODE, 1, NULL},
		{"words after two dashes", "voter|show|--|--x", CLI_VOTER_SHOW,
		 1, NULL},
		{"help of one", "help|vote", CLI_VOTE, 0, NULL},
		{"no command", "-o|json", 0, 0, "no command"},
		{"unknown", "validtors", 0, 0, "\"validators\""},
		{"half a name", "proposal", 0, 0, "list, show, submit"},
		{"unknown verb", "peer|kick|x", 0, 0, "add, remove, ban"},
		{"too few words", "vote|1", 0, 0, "usage"},
		{"too many", "status|now", 0, 0, "no arguments"},
		{"another's option", "status|--explain", 0, 0, "no option"},
		{"early option", "--explain|tally|1", 0, 0, "after it"},
		{"no value", "vote|1|for|--as", 0, 0, "needs a KEY"},
		{"value of a flag", "tally|1|--explain=x", 0, 0, "no value"},
		{"given twice", "vote|1|for|--as|a|--as|b", 0, 0, "twice"},
		{"a short option", "status|-x", 0, 0, "-x"},
		{"a format", "status|-o|xml", 0, 0, "tsv"},
		{"what to wait for", "status|--wait|never", 0, 0, "finalized"},
		{"a time-out", "status|--timeout|soon", 0, 0, "--timeout"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
		struct err_text text = {""};
		struct cli cli;
		enum err e = parse(&cli, ROWS[i].line, &text);

		if (ROWS[i].message ? e != ERR_USAGE || !strstr(text.text,
								ROWS[i].message)
				    : e || cli.command != ROWS[i].command ||
					      cli.word_count != ROWS[i].words)
			fail_msg("%s: %s", ROWS[i].name, text.text);
		cli_free(&cli);
	}
}

static void help_is_found_wherever_it_is_asked_for(void **state)
{
	static const struct {
		const char *name;
		const char *argv[4];
		const char *topic;
	} CASES[] = {
		{"of a group, behind it",
		 {"x", "testnet", "--help", NULL},
		 "testnet"},
		{"of a group, in front",
		 {"x", "help", "proposal", NULL},
		 "proposal"},
		{"short", {"x", "key", "-h", NULL}, "key"},
		{"of a command", {"x", "vote", "--help", NULL}, NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		struct err_text text;
		struct cli cli;
		int argc = 3;

		assert_int_equal(cli_parse(&cli, argc,
					   (char **)(uintptr_t)CASES[i].argv,
					   &text),
				 ERR_OK);
		assert_true(cli_flag(&cli, "help"));
		if (CASES[i].topic)
			assert_string_equal(cli.topic, CASES[i].topic);
		else
			assert_null(cli.topic);
		cli_free(&cli);
	}
}

static void options_are_found_again(void **state)
{
	struct err_text text = {""};
	struct cli cli;
	uint64_t n = 7;
	int at = 0;

	(void)state;
	assert_int_equal(parse(&cli,
			       "testnet|up|--param|a=1|--fast|--param|b=2|"
			       "--validators|5",
			       &text),
			 ERR_OK);
	assert_true(cli_flag(&cli, "fast"));
	assert_null(cli_option(&cli, "voters"));
	assert_string_equal(cli_option_next(&cli, "param", &at), "a=1");
	assert_string_equal(cli_option_next(&cli, "param", &at), "b=2");
	assert_null(cli_option_next(&cli, "param", &at));
	assert_int_equal(cli_number(&cli, "observers", 9, &n, &text), ERR_OK);
	assert_int_equal(n, 7);
	assert_int_equal(cli_number(&cli, "validators", 9, &n, &text), ERR_OK);
	assert_int_equal(n, 5);
	assert_int_equal(cli_number(&cli, "validators", 4, &n, &text),
			 ERR_USAGE);
	cli_free(&cli);
}

static void places_follow_the_data_directory(void **state)
{
	struct err_text text = {""};
	struct cli cli;

	(void)state;
	setenv("BCAI_GOV_DATA_DIR", "/env", 1);
	assert_int_equal(parse(&cli, "status", &text), ERR_OK);
	assert_string_equal(cli.socket, "/env/admin.sock");
	assert_string_equal(cli.keys, "/env/keys");
	cli_free(&cli);
	assert_int_equal(parse(&cli, "--data-dir|/d|--keys|/k|status", &text),
			 ERR_OK);
	assert_string_equal(cli.socket, "/d/admin.sock");
	assert_string_equal(cli.keys, "/k");
	cli_free(&cli);
	unsetenv("BCAI_GOV_DATA_DIR");
}

static void every_error_says_what_to_do(void **state)
{
	size_t count;
	const struct error_info *rows = error_table(&count);

	(void)state;
	for (size_t i = 0; i < count; i++) {
		if (rows[i].code == ERR_OK)
			continue;
		if (!rows[i].sentence[0] || !rows[i].hint[0])
			fail_msg("%s has no sentence or hint", rows[i].name);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(rows[i].name, rows[k].name);
	}
}

static void exit_codes_follow_the_error(void **state)
{
	static const struct {
		enum err code;
		int exit;
	} ROWS[] = {
		{ERR_UNREACHABLE, 2},	   {ERR_USAGE, 3},
		{ERR_RPC_FORBIDDEN, 4},	   {ERR_NOT_FOUND, 5},
		{ERR_UNKNOWN_PROPOSAL, 5}, {ERR_CHECK_FAILED, 6},
		{ERR_NOT_READY, 6},	   {ERR_TIMEOUT, 7},
		{ERR_NOT_VOTING, 1},	   {ERR_REPLAY, 1},
		{ERR_BAD_SIGNATURE, 1},	   {ERR_MALFORMED, 1},
		{ERR_KEY_NAME, 3},	   {ERR_PEER_ADDRESS, 3},
		{ERR_PROCESS_STATE, 1},	   {ERR_KEY_UNKNOWN, 5},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++)
		assert_int_equal(cli_exit_of(ROWS[i].code), ROWS[i].exit);
}

/* --- What people see --- */

static void numbers_are_shown_so_that_they_can_be_read(void **state)
{
	static const char MAX[] = "340282366920938463463374607431768211455";

	(void)state;
	assert_string_equal(show_thousands("1"), "1");
	assert_string_equal(show_thousands("123"), "123");
	assert_string_equal(show_thousands("1234567"), "1,234,567");
	assert_string_equal(show_some(1, "voter"), "1 voter");
	assert_string_equal(show_some(1000, "voter"), "1,000 voters");
	assert_string_equal(show_decimal("5000000000000", 6), "5,000,000");
	assert_string_equal(show_decimal("1250000", 6), "1.25");
	assert_string_equal(show_decimal("1", 6), "0.000001");
	assert_string_equal(show_decimal("42", 0), "42");
	assert_string_equal(show_duration(2100), "2.1 s");
	assert_string_equal(show_duration(21000), "21 s");
	assert_string_equal(show_duration(18720000), "5 h 12 min");
	assert_string_equal(show_duration(8 * 86400000ull), "8 d 0 h");
	assert_string_equal(show_time(1795525200000), "2026-11-24 13:00:00 "
						      "UTC");
	assert_string_equal(show_percent("1", "3"), "33.3%");
	assert_string_equal(show_percent("0", "0"), "–");
	assert_string_equal(show_percent(MAX, MAX), "100.0%");
	assert_string_equal(show_bp(6700), "67.0%");
	assert_string_equal(show_short("9f3c0000000000e1"), "9f3c00…00e1");
	assert_string_equal(show_bar("58", "100"), "████████████░░░░░░░░");
	assert_string_equal(show_bar("0", "0"), "░░░░░░░░░░░░░░░░░░░░");
	assert_true(parse_u128(MAX) == ~(unsigned __int128)0);
}

static void columns_line_up_whatever_the_letters(void **state)
{
	struct table *t = table_new(3);
	char *out = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&out, &size);

	(void)state;
	table_right(t, 1);
	table_cell(t, "é…");
	table_cell(t, "1");
	table_cell(t, "x");
	table_cell(t, "abc");
	table_cell(t, "1,000");
	table_cell(t, "");
	table_print(&t, f);
	fclose(f);
	assert_null(t);
	assert_string_equal(out, "é…       1  x\nabc  1,000\n");
	free(out);
}

static void no_blanks_end_a_line_and_gaps_keep_their_place(void **state)
{
	struct table *t = table_new(3);
	char *out = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&out, &size);

	(void)state;
	table_head(t, (const char *const[]){"A", "B", "C"});
	table_right(t, 1);
	table_cell(t, "x");
	table_cell(t, "");
	table_cell(t, "y");
	table_cell(t, "x");
	table_cell(t, "");
	table_cell(t, "");
	table_print(&t, f);
	fclose(f);
	assert_string_equal(out, "A  B  C\nx     y\nx\n");
	free(out);
}

/* --- Recorded elections --- */

static void write_file(const char *path, const char *data)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(data, f);
	fclose(f);
}

static void an_election_is_read_with_its_sums(void **state)
{
	char path[] = "/tmp/test-cli.XXXXXX";
	int fd = mkstemp(path);
	struct err_text text = {""};
	struct election e;

	(void)state;
	close(fd);
	write_file(path, "voter,vp,choice,bip\r\n"
			 "\"al, ice\",10.5,1,7\r\n"
			 "bob,2,against,7\n\n"
			 "bob,1.25,3,8\n");
	assert_int_equal(election_read(&e, path, &text), ERR_OK);
	assert_int_equal(e.places, 2);
	assert_int_equal(e.proposal_count, 2);
	assert_int_equal(e.ballot_count, 3);
	assert_string_equal(e.ballots[0].voter, "al, ice");
	assert_int_equal(e.proposals[0].sums.power[0], 1050);
	assert_int_equal(e.proposals[0].sums.power[1], 200);
	assert_int_equal(e.proposals[0].sums.ballots, 2);
	assert_int_equal(e.proposals[1].sums.power[2], 125);
	write_file(path, "bip,title\n8,\"The \"\"eighth\"\", at last\"\n");
	assert_int_equal(election_read_titles(&e, path, &text), ERR_OK);
	assert_string_equal(e.proposals[0].title, "Proposal 7");
	assert_string_equal(e.proposals[1].title, "The \"eighth\", at last");
	election_free(&e);
	unlink(path);
}

static void a_faulty_election_names_its_line(void **state)
{
	static const struct {
		const char *name, *data, *message;
	} ROWS[] = {
		{"empty", "", "empty"},
		{"no ballots", "bip,voter,choice,vp\n", "no ballots"},
		{"no such column", "bip,voter,choice\n", "vp"},
		{"a field short", "bip,voter,choice,vp\n1,a,1\n", ":2:"},
		{"no such choice", "bip,voter,choice,vp\n1,a,4,5\n",
		 ":2: choice"},
		{"not a number", "bip,voter,choice,vp\n1,a,1,x\n", ":2: vp"},
		{"negative", "bip,voter,choice,vp\n1,a,1,-3\n", ":2: vp"},
		{"too large",
		 "bip,voter,choice,vp\n1,a,1,99999999999999999999\n", ":2: vp"},
		{"twice", "bip,voter,choice,vp\n1,a,1,1\n\n1,a,2,1\n",
		 ":4: the voter"},
	};
	char path[] = "/tmp/test-cli.XXXXXX";
	int fd = mkstemp(path);

	(void)state;
	close(fd);
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
		struct err_text text = {""};
		struct election e;

		write_file(path, ROWS[i].data);
		if (election_read(&e, path, &text) != ERR_MALFORMED ||
		    !strstr(text.text, ROWS[i].message))
			fail_msg("%s: %s", ROWS[i].name, text.text);
	}
	unlink(path);
}

static void the_recorded_election_adds_up(void **state)
{
	const char *path = getenv("BCAI_SHARED_DATA");
	char file[512];
	struct err_text text = {""};
	uint64_t total = 0;
	struct election e;

	(void)state;
	snprintf(file, sizeof(file), "%s/beanstalk_bip_votes.csv",
		 path ? path : SHARED_DATA);
	if (access(file, R_OK) != 0) {
		print_message("skipped: %s is not here\n", file);
		skip();
	}
	assert_int_equal(election_read(&e, file, &text), ERR_OK);
	assert_int_equal(e.proposal_count, 20);
	assert_int_equal(e.ballot_count, 1296);
	for (uint32_t i = 0; i < e.proposal_count; i++)
		total += e.proposals[i].sums.power[0];
	assert_int_equal(e.proposals[0].sums.power[0], 948717);
	assert_int_equal(e.proposals[18].sums.power[0], 387486688071);
	assert_true(total <= LIMIT_STAKE_TOTAL);
	election_free(&e);
}

static void the_same_text_gives_the_same_key(void **state)
{
	struct secret_key *a = bulk_key("x/1"), *b = bulk_key("x/1"),
			  *c = bulk_key("x/2");

	(void)state;
	assert_true(
		public_key_equal(secret_key_public(a), secret_key_public(b)));
	assert_false(
		public_key_equal(secret_key_public(a), secret_key_public(c)));
	secret_key_free(&a);
	secret_key_free(&b);
	secret_key_free(&c);
}

/* --- Processes --- */

static void a_spawned_process_is_known_by_id_and_start(void **state)
{
	char *argv[] = {(char *)(uintptr_t) "sleep", (char *)(uintptr_t) "60",
			NULL};
	char *none[] = {(char *)(uintptr_t) "/no/such/program", NULL};
	struct timespec pause = {0, 10000000};
	struct process_facts facts;
	struct err_text text = {""};
	uint64_t started;
	pid_t pid;

	(void)state;
	assert_int_equal(
		process_spawn(&pid, &started, argv, "/dev/null", &text),
		ERR_OK);
	assert_true(process_facts(&facts, pid));
	assert_int_equal(facts.started, started);
	assert_int_equal(kill(pid, SIGKILL), 0);
	for (int i = 0; i < 500 && process_facts(&facts, pid); i++)
		nanosleep(&pause, NULL);
	assert_false(process_facts(&facts, pid));
	assert_int_equal(
		process_spawn(&pid, &started, none, "/dev/null", &text),
		ERR_IO);
	assert_non_null(strstr(text.text, "/no/such/program"));
}

static void a_free_port_is_held_until_it_is_let_go(void **state)
{
	struct err_text text = {""};
	uint16_t a, b;
	int fd_a, fd_b;

	(void)state;
	assert_int_equal(process_free_port(&a, &fd_a, &text), ERR_OK);
	assert_int_equal(process_free_port(&b, &fd_b, &text), ERR_OK);
	assert_int_not_equal(a, b);
	close(fd_a);
	close(fd_b);
}

/* --- Pages --- */

static char *slurp(const char *path)
{
	FILE *f = fopen(path, "r");
	char *data = mem_alloc(1 << 20);

	if (f) {
		if (fread(data, 1, (1 << 20) - 1, f) == 0)
			data[0] = '\0';
		fclose(f);
	}
	return data;
}

static void the_pages_in_the_tree_are_those_of_the_tables(void **state)
{
	const char *top = getenv("srcdir");

	(void)state;
	for (const struct reference *r = reference_table(); r->name; r++) {
		char path[512], *made = NULL, *there;
		size_t size = 0;
		FILE *f = open_memstream(&made, &size);

		r->write(f);
		fclose(f);
		snprintf(path, sizeof(path), "%s/%s", top ? top : ".", r->path);
		there = slurp(path);
		if (strcmp(made, there) != 0)
			fail_msg("%s is out of date: make reference", path);
		free(made);
		free(there);
	}
}

static void the_daemons_page_names_every_key_of_its_configuration(void **state)
{
	char *page = NULL, *keys = NULL, *rest, *line;
	size_t size = 0;
	FILE *f = open_memstream(&page, &size);
	struct config_set *set = config_new();

	(void)state;
	for (const struct reference *r = reference_table(); r->name; r++) {
		if (strcmp(r->name, "bcai-govd.8") == 0)
			r->write(f);
	}
	fclose(f);
	f = open_memstream(&keys, &size);
	config_print(set, f);
	fclose(f);
	config_free(&set);
	for (rest = keys; (line = strsep(&rest, "\n"));) {
		char wanted[80];

		if (line[0] == ' ' || line[0] == '\0')
			continue;
		snprintf(wanted, sizeof(wanted), ".B %.*s\n",
			 (int)strcspn(line, ":"), line);
		if (!strstr(page, wanted))
			fail_msg("the page does not explain %s", wanted);
	}
	free(page);
	free(keys);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			every_command_and_option_stands_once_and_says_what_it_does),
		cmocka_unit_test(
			every_method_is_found_by_its_name_of_noun_and_verb),
		cmocka_unit_test(words_and_options_are_taken_apart),
		cmocka_unit_test(help_is_found_wherever_it_is_asked_for),
		cmocka_unit_test(options_are_found_again),
		cmocka_unit_test(places_follow_the_data_directory),
		cmocka_unit_test(every_error_says_what_to_do),
		cmocka_unit_test(exit_codes_follow_the_error),
		cmocka_unit_test(numbers_are_shown_so_that_they_can_be_read),
		cmocka_unit_test(columns_line_up_whatever_the_letters),
		cmocka_unit_test(
			no_blanks_end_a_line_and_gaps_keep_their_place),
		cmocka_unit_test(an_election_is_read_with_its_sums),
		cmocka_unit_test(a_faulty_election_names_its_line),
		cmocka_unit_test(the_recorded_election_adds_up),
		cmocka_unit_test(the_same_text_gives_the_same_key),
		cmocka_unit_test(a_spawned_process_is_known_by_id_and_start),
		cmocka_unit_test(a_free_port_is_held_until_it_is_let_go),
		cmocka_unit_test(the_pages_in_the_tree_are_those_of_the_tables),
		cmocka_unit_test(
			the_daemons_page_names_every_key_of_its_configuration),
	};

	if (crypto_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
