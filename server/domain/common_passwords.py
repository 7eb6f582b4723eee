"""The passwords that are tried first.

Owns the list that A1 refuses, case-folded, of 8 characters and more (shorter ones are refused anyway), and nothing
else. Typed from general knowledge of what people choose, not taken from any collection of leaked accounts.
"""

from __future__ import annotations

_WORDS = """
password password1 password2 password3 password12 password123 password1234 password12345 password!
password1! password123! password01 password00 password99 passw0rd passw0rd1 passw0rd! p@ssword p@ssword1
p@ssw0rd p@ssw0rd1 p@ssw0rd! p@55w0rd pa$$word pa$$w0rd pa55word passwort passwort1 motdepasse contrasena
wachtwoord mypassword newpassword thepassword yourpassword nopassword changeme changeme1 changeme123
changeit letmein1 letmein123 letmein! letmeinnow welcome1 welcome12 welcome123 welcome1! welcome01
welcome2024 welcome2025 welcome2026 secret123 secret1234 topsecret default1 default123 administrator
admin123 admin1234 admin12345 adminadmin admin123! administrator1 rootroot toortoor root1234 test1234
test12345 testtest testing1 testing123 guest123 guestguest user1234 username username1 temp1234 temppass
temporary trustno1 whatever whatever1 nothing1 something access14 access123 security security1 computer
computer1 internet internet1 internet1! samsung1 microsoft windows10 windows11 google123 facebook
facebook1 youtube1 whatsapp instagram notebook notebook1 notebooks
12345678 123456789 1234567890 12345678910 123456789a 123456781 1234567891 01234567 012345678 0123456789
87654321 987654321 9876543210 0987654321 11223344 1122334455 112233445566 12344321 1234554321 123454321
12121212 123123123 123123123123 321321321 123321123 147258369 159753159 963852741 741852963 789456123
13131313 10203040 102030405060 19191919 20202020 21212121 69696969 12341234 1234abcd abcd1234 abc12345
abc123456 abcdefgh abcdefg1 abcdefghi abcdefghij abcabc123 abcd12345 a1234567 a12345678 a123456789 aa123456
aa12345678 1a2b3c4d a1b2c3d4 1q2w3e4r 1q2w3e4r5t 1q2w3e4r5t6y 1qaz2wsx 1qaz2wsx3edc 1qazxsw2 zaq12wsx
zaq1zaq1 qazwsx123 qazwsxedc qwer1234 qwert123 qwert12345 qwerty12 qwerty123 qwerty1234 qwerty12345
qwerty123! qwerty01 qwertyui qwertyuiop qwertyuiop1 qwertyuiop[] qwerty!@# qwertz123 qwertzui qwertzuiop
azerty123 azertyui azertyuiop asdf1234 asdfasdf asdfghjk asdfghjkl asdfghjkl; zxcvbnm1 zxcvbnm123 zxcvbnm,
!@#$%^&* !@#$%^&*( !qaz2wsx q1w2e3r4 q1w2e3r4t5 qweasdzxc qweasd123 qwe12345 qweqweqwe 1234qwer 12345qwert
iloveyou iloveyou1 iloveyou2 iloveyou! iloveyou123 iloveu123 ilovegod loveyou1 lovelove loveme123 lovely123
sunshine sunshine1 sunshine123 princess princess1 princess123 football football1 football123 baseball
baseball1 basketball basketball1 superman superman1 batman123 spiderman spiderman1 starwars starwars1 pokemon1
pokemon123 minecraft minecraft1 fortnite roblox123 dragon123 monkey123 shadow123 master123 hunter123 hunter22
michael1 michelle jennifer jennifer1 jessica1 charlie1 charlie123 jordan23 jordan123 daniel123 thomas123
andrew123 matthew1 elizabeth alexander alexandra christopher nicholas samantha victoria
chocolate chocolate1 butterfly butterfly1 flower123 cookie123 banana123 cheese123 pepper123 ginger123 bailey123
buster123 tigger123 elephant dolphins dinosaur unicorn1 snowball sweetheart beautiful diamond1 midnight
midnight1 mountain november december september february wednesday summer123 summer2024 summer2025 summer2026
winter123 winter2024 winter2025 winter2026 spring2024 spring2025 spring2026 autumn2025 autumn2026
liverpool liverpool1 chelsea1 arsenal1 manchester barcelona realmadrid juventus corvette mercedes porsche1
ferrari1 mustang1 yamaha123 harley123 marlboro blink182 metallica nirvana1 slipknot rockstar1 guitar123
student1 student123 teacher1 teacher123 school123 classroom homework freedom1 america1 canada123 jerusalem
israel123 shalom123 goodluck hello123 hello1234 hellohello helloworld goodmorning asdasdasd zxczxczxc
fuckyou1 fuckyou123 fuckyou! asshole1 bullshit biteme123 killer123 letmeinplease opensesame correcthorse
correcthorsebatterystaple supersecret superuser sysadmin operator raspberry ubuntu123 database oracle123 mysql123
"""

COMMON_PASSWORDS = frozenset(_WORDS.split())
