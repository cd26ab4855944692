# SPDX-License-Identifier: Apache-2.0
# Writes a message to DIRECTORY/mail, what is in it to DIRECTORY/wanted/, and its first half to DIRECTORY/cut.
import os
import sys
from email.message import EmailMessage

os.chdir(sys.argv[1])
wanted = {}


def attach(message, name, data, shown):
    message.add_attachment(data, maintype='application', subtype='octet-stream', filename=name)
    wanted[shown] = data


inner = EmailMessage()
inner['Subject'] = 'inner'
inner.set_content('inner text\n')
mail = EmailMessage()
mail['Subject'] = 'Größe'
mail['From'] = 'a@example.org'
mail.set_content('plain é = text\n' * 20, cte='quoted-printable')
mail.add_alternative('<p>é</p>\n', subtype='html', cte='base64')
wanted['part-1/part-1.txt'] = ('plain é = text\n' * 20).encode()
wanted['part-1/part-2.html'] = '<p>é</p>\n'.encode()
attach(mail, 'data.bin', bytes(range(256)) * 40, 'data.bin')
attach(mail, 'data.bin', b'another', 'data-2.bin')
attach(mail, '../../etc/passwd', b'harmless', 'passwd')
attach(mail, 'файл с очень длинным именем ' * 3 + '.txt', b'named', 'файл с очень длинным именем ' * 3 + '.txt')
attach(mail, '..', b'dots', '_.')
mail.add_attachment(inner)
wanted['part-7/headers'] = bytes(inner).split(b'\n\n')[0] + b'\n'
wanted['part-7/part-1.txt'] = b'inner text\n'
text = bytes(mail)
# Names as older programs write them.
text = text.replace(b'filename="data.bin"', b'filename="=?utf-8?Q?d=C3=A4ta?=\n =?utf-8?B?LmJpbg==?="', 1)
wanted['däta.bin'] = wanted.pop('data.bin')
wanted['data.bin'] = wanted.pop('data-2.bin')
wanted['headers'] = text.split(b'\n\n')[0] + b'\n'
open('mail', 'wb').write(text)
open('cut', 'wb').write(text[:len(text) // 2])
for name, data in wanted.items():
    path = os.path.join('wanted', name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    open(path, 'wb').write(data)
